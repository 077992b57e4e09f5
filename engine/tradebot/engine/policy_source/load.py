"""Loading a policy: its class from its sources, its parameters, its memory, its version."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import msgspec

from tradebot.engine.core.params import Params
from tradebot.engine.core.policy import Policy
from tradebot.engine.core.sleeves import LoadedPolicy
from tradebot.engine.policy_source.errors import PolicyNotLoaded
from tradebot.engine.policy_source.modules import load_module
from tradebot.engine.policy_source.reference import Reference, parse_reference
from tradebot.engine.policy_source.sources import Sources, recorded_sources, sources_of

VERSION_DIGITS = 12
"""Hex digits of a version kept; the short form shows four."""

SHORT_DIGITS = 4

_BROKEN = (Exception, SystemExit)
"""What a stranger's code may raise while it is loaded."""

type ParameterValue = str | int | float | bool
"""What a parameter may be in a configuration file."""


class VersionedPolicy(msgspec.Struct, frozen=True):
    """A policy ready to run, and which version of it that is."""

    loaded: LoadedPolicy
    version: str
    """sha256 over source files, parameters and needs, first digits."""
    sources: Sources
    reference: str = ""
    """`file.py:Class` or `package.module:Class`; an installed name is resolved."""

    @property
    def source(self) -> str:
        """Return the source text as the journal keeps it, once per version."""
        return self.sources.text()


def short_version(version: str) -> str:
    """Return a version as people read it."""
    return version[:SHORT_DIGITS]


def load_policy(
    reference: str, parameters: Mapping[str, ParameterValue], folders: Sequence[Path]
) -> VersionedPolicy:
    """Load a policy by its reference; each call runs its code anew, beside what was loaded before.

    Args:
        reference: `file.py:Class` (looked for in `folders`, or absolute), `package.module:Class`, or the name of an
            installed policy.
        parameters: Values by name for the class's `params` struct.
        folders: Where files are looked for, in order.

    Raises:
        PolicyNotLoaded: If it is not found, not safe to load, not a policy, or a parameter is wrong.
    """
    named = parse_reference(reference)
    return load_sources(named, sources_of(named, folders), parameters)


def load_recorded(
    reference: str, parameters: Mapping[str, ParameterValue], text: str
) -> VersionedPolicy:
    """Load a policy from the source text that a journal kept.

    Raises:
        PolicyNotLoaded: As `load_policy`.
    """
    named = parse_reference(reference)
    return load_sources(named, recorded_sources(named, text), parameters)


def load_sources(
    reference: Reference, sources: Sources, parameters: Mapping[str, ParameterValue]
) -> VersionedPolicy:
    """Load a policy from its sources.

    Raises:
        PolicyNotLoaded: If its code breaks, it is not a policy, or a parameter is wrong.
    """
    text = reference.text
    try:
        module = load_module(sources)
    except _BROKEN as error:
        raise PolicyNotLoaded(
            f"policy {text!r}: {reference.where} cannot be loaded: {type(error).__name__}: {error}"
        ) from error
    kind: object = getattr(module, reference.name, None)
    if not isinstance(kind, type):
        raise PolicyNotLoaded(f"policy {text!r}: {reference.where} has no class {reference.name}")
    params = _parameters(text, kind, parameters)
    try:
        policy: object = kind()
    except _BROKEN as error:
        raise PolicyNotLoaded(f"policy {text!r} cannot be made: {error}") from error
    if not isinstance(policy, Policy):
        raise PolicyNotLoaded(
            f"policy {text!r} must have `needs` and `decide(portfolio, snapshot, context)`"
        )
    return VersionedPolicy(
        LoadedPolicy(policy, params, _memory(text, kind)),
        _version(sources, params, policy),
        sources,
        f"{reference.where}:{reference.name}",
    )


def _parameters(
    reference: str, kind: type, parameters: Mapping[str, ParameterValue]
) -> Params | None:
    declared: object = getattr(kind, "params", None)
    if declared is None:
        if parameters:
            names = ", ".join(sorted(parameters))
            raise PolicyNotLoaded(f"policy {reference!r} has no parameters, was given {names}")
        return None
    if not (isinstance(declared, type) and issubclass(declared, Params)):
        raise PolicyNotLoaded(f"policy {reference!r}: `params` must be a struct of type Params")
    known = {field.encode_name for field in msgspec.structs.fields(declared)}
    unknown = sorted(set(parameters) - known)
    if unknown:
        raise PolicyNotLoaded(
            f"policy {reference!r} has no parameter {unknown[0]!r}; it has {', '.join(sorted(known))}"
        )
    try:
        return msgspec.convert(dict(parameters), declared, strict=False)
    except msgspec.ValidationError as error:
        raise PolicyNotLoaded(f"policy {reference!r}: {error}") from error


def _memory(reference: str, kind: type) -> type[msgspec.Struct] | None:
    declared: object = getattr(kind, "state", None)
    if declared is None:
        return None
    if isinstance(declared, type) and issubclass(declared, msgspec.Struct):
        return declared
    raise PolicyNotLoaded(f"policy {reference!r}: `state` must be a msgspec struct type")


def _version(sources: Sources, params: Params | None, policy: Policy) -> str:
    digest = sha256(sources.text().encode())
    digest.update(b"\0" if params is None else msgspec.json.encode(params, order="deterministic"))
    digest.update(msgspec.json.encode(list(policy.needs), order="deterministic"))
    return digest.hexdigest()[:VERSION_DIGITS]
