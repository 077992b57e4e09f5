"""A policy's parameters: a checked struct whose bounds are enforced when it is made, shown, and swept by name."""

from collections.abc import Callable
from decimal import Decimal
from typing import Protocol, Self, cast, dataclass_transform

import msgspec

type Number = int | float | str | Decimal
"""How a bound may be written; a decimal as text is exact."""


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """What `param` was told, before the struct's types are known."""

    default: object
    ge: Decimal | None
    gt: Decimal | None
    le: Decimal | None
    lt: Decimal | None
    doc: str

    def text(self) -> str:
        """Return the bounds as text, `>= 2 and <= 400`; empty without any."""
        named = ((">=", self.ge), (">", self.gt), ("<=", self.le), ("<", self.lt))
        return " and ".join(f"{sign} {bound}" for sign, bound in named if bound is not None)

    def hold(self, value: Decimal) -> bool:
        """Return whether a number is within the bounds; NaN and infinity never are."""
        return (
            value.is_finite()
            and (self.ge is None or value >= self.ge)
            and (self.gt is None or value > self.gt)
            and (self.le is None or value <= self.le)
            and (self.lt is None or value < self.lt)
        )


class ParamInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One parameter as it is shown and swept."""

    name: str
    type: str
    """Name of its type: `int`, `Decimal`, `float`, `str`, `bool`."""
    default: str | None
    """As text; None where a value must be given."""
    bounds: str = ""
    """`>= 2 and <= 400`; empty without any."""
    ge: Decimal | None = None
    gt: Decimal | None = None
    le: Decimal | None = None
    lt: Decimal | None = None
    doc: str = ""
    """One line, with the unit."""


def param[T](
    default: object,
    *,
    ge: Number | None = None,
    gt: Number | None = None,
    le: Number | None = None,
    lt: Number | None = None,
    doc: str = "",
) -> T:  # pyright: ignore[reportInvalidTypeVarUse]  (T is what the field is annotated with)
    """Declare a parameter: its default, its bounds, and what it is.

    Args:
        default: Of the annotated type, or text it is read from: `risk: Decimal = param("0.0025")`.
        ge: Smallest value allowed.
        gt: What it must be greater than.
        le: Largest value allowed.
        lt: What it must be less than.
        doc: One line, with the unit.
    """
    declared = Declared(
        default=default, ge=_bound(ge), gt=_bound(gt), le=_bound(le), lt=_bound(lt), doc=doc
    )
    # The class puts a value of its own type in the declaration's place when it is made.
    return cast("T", declared)


def _bound(bound: Number | None) -> Decimal | None:
    return None if bound is None else Decimal(str(bound))


class Given(Protocol):
    """What carries parameters: the context of a decision."""

    @property
    def params(self) -> "Params | None":
        """Return them."""
        ...


@dataclass_transform(field_specifiers=(msgspec.field,), kw_only_default=True, frozen_default=True)
class ParamsMeta(msgspec.StructMeta):
    """Takes the declarations out of a class of parameters and keeps them beside it."""

    declared: dict[str, Declared]

    def __new__(  # noqa: D102, PYI034  (Self means nothing in a metaclass)
        mcls,
        name: str,
        bases: tuple[type, ...],
        namespace: dict[str, object],
        *,
        frozen: bool = True,
        kw_only: bool = True,
    ) -> "ParamsMeta":
        declared: dict[str, Declared] = {}
        for base in reversed(bases):
            if isinstance(base, ParamsMeta):
                declared |= base.declared

        def default_of(field: str) -> Callable[[], object]:
            return lambda: _default(kind, field)  # asked only once the class is made

        for field, value in list(namespace.items()):
            if isinstance(value, Declared):
                declared[field] = value
                namespace[field] = msgspec.field(default_factory=default_of(field))
        kind = super().__new__(mcls, name, bases, namespace, frozen=frozen, kw_only=kw_only)
        kind.declared = declared
        return kind


class Params(msgspec.Struct, frozen=True, kw_only=True, metaclass=ParamsMeta):
    """Base of a policy's parameters."""

    @classmethod
    def of(cls, context: "Given | None") -> Self:
        """Return the parameters a decision was given, or the defaults where it was given none of this kind."""
        given = None if context is None else context.params
        return given if isinstance(given, cls) else msgspec.convert({}, cls)

    def __post_init__(self) -> None:
        """Enforce the bounds.

        Raises:
            ValueError: If a value is out of its bounds; the text names both and the remedy.
        """
        for field, declared in type(self).declared.items():
            trouble = _trouble(field, cast("object", getattr(self, field)), declared)
            if trouble is not None:
                raise ValueError(trouble)


def _trouble(field: str, value: object, declared: Declared) -> str | None:
    bounds = declared.text()
    if not bounds:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return f"{field} must be a number {bounds}, is {value!r}: give a number"
    if declared.hold(Decimal(str(value))):
        return None
    return f"{field} must be {bounds}, is {value}: set it within its bounds"


def _default(kind: ParamsMeta, field: str) -> object:
    """Return a declared default in the field's own type."""
    struct = cast("type[Params]", kind)
    types = {known.name: cast("object", known.type) for known in msgspec.structs.fields(struct)}
    default = kind.declared[field].default
    return cast("object", msgspec.convert(default, types[field], strict=False))


def describe(kind: type[Params]) -> tuple[ParamInfo, ...]:
    """Return the parameters of a class in the order they were written."""
    return tuple(_info(kind, field) for field in msgspec.structs.fields(kind))


def _info(kind: type[Params], field: msgspec.structs.FieldInfo) -> ParamInfo:
    declared = kind.declared.get(field.name)
    written = cast("object", field.type)
    kind_name = written.__name__ if isinstance(written, type) else str(written)
    if declared is None:
        return ParamInfo(name=field.name, type=kind_name, default=_text(_plain_default(field)))
    return ParamInfo(
        name=field.name,
        type=kind_name,
        default=_text(_default(kind, field.name)),
        bounds=declared.text(),
        ge=declared.ge,
        gt=declared.gt,
        le=declared.le,
        lt=declared.lt,
        doc=declared.doc,
    )


def _plain_default(field: msgspec.structs.FieldInfo) -> object:
    default = cast("object", field.default)
    if default is not msgspec.NODEFAULT:
        return default
    factory = cast("object", field.default_factory)
    return factory() if callable(factory) else None


def _text(value: object) -> str | None:
    return None if value is None else str(value)
