"""Finding a policy: a file of the user's, or a class in an installed package; its parameters, memory and version."""

import hashlib
import importlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType

import msgspec

from tradebot.engine.core.params import Params
from tradebot.engine.core.policy import Policy
from tradebot.engine.core.sleeves import LoadedPolicy

VERSION_DIGITS = 12
"""Hex digits of a version kept; the short form shows four."""

_BROKEN = (Exception, SystemExit)
"""What a stranger's code may raise while it is loaded."""

type ParameterValue = str | int | float | bool
"""What a parameter may be in a configuration file."""


class PolicyNotLoaded(Exception):  # noqa: N818  (says what is the matter in one line)
    """A policy cannot be used; the text names it, what is wrong, and the remedy."""

    exit_code = 3


class VersionedPolicy(msgspec.Struct, frozen=True):
    """A policy ready to run, and which version of it that is."""

    loaded: LoadedPolicy
    version: str
    """sha256 over source, parameters and needs, first digits."""
    source: str
    """The source text, kept in the journal once per version."""


def load_policy(
    reference: str, parameters: Mapping[str, ParameterValue], folders: Sequence[Path]
) -> VersionedPolicy:
    """Load a policy by its reference.

    Args:
        reference: `file.py:Class` (looked for in `folders`, or absolute) or `package.module:Class`.
        parameters: Values by name for the class's `params` struct.
        folders: Where files are looked for, in order.

    Raises:
        PolicyNotLoaded: If it is not found, not safe to load, not a policy, or a parameter is wrong.
    """
    where, colon, name = reference.rpartition(":")
    if not colon or not where or not name:
        raise PolicyNotLoaded(
            f"policy {reference!r} must be `file.py:Class` or `package.module:Class`"
        )
    if where.endswith(".py"):
        module, source = _load_file(reference, where, folders)
    else:
        module, source = _load_module(reference, where)
    kind: object = getattr(module, name, None)
    if not isinstance(kind, type):
        raise PolicyNotLoaded(f"policy {reference!r}: {where} has no class {name}")
    params = _parameters(reference, kind, parameters)
    try:
        policy: object = kind()
    except _BROKEN as error:
        raise PolicyNotLoaded(f"policy {reference!r} cannot be made: {error}") from error
    if not isinstance(policy, Policy):
        raise PolicyNotLoaded(
            f"policy {reference!r} must have `needs` and `decide(portfolio, snapshot, context)`"
        )
    return VersionedPolicy(
        LoadedPolicy(policy, params, _memory(reference, kind)),
        _version(source, params, policy),
        source,
    )


def _load_file(reference: str, where: str, folders: Sequence[Path]) -> tuple[ModuleType, str]:
    found = next((folder / where for folder in folders if (folder / where).is_file()), None)
    if found is None:
        looked = ", ".join(str(folder) for folder in folders)
        raise PolicyNotLoaded(f"policy {reference!r}: no file {where} in {looked}")
    _require_own(found)
    try:
        source = found.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyNotLoaded(
            f"policy {reference!r}: {found} cannot be read as text: {error}"
        ) from error
    name = f"tradebot_policy_{hashlib.sha256(str(found.resolve()).encode()).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(name, found)
    if spec is None or spec.loader is None:
        raise PolicyNotLoaded(f"policy {reference!r}: {found} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        # A policy is trusted code. It is compiled here, not taken from a cache: what runs is what was hashed.
        exec(compile(source, str(found), "exec"), module.__dict__)  # noqa: S102  # nosec B102
    except _BROKEN as error:
        del sys.modules[name]
        raise PolicyNotLoaded(
            f"policy {reference!r}: {found} cannot be loaded: {type(error).__name__}: {error}"
        ) from error
    return module, source


def _load_module(reference: str, where: str) -> tuple[ModuleType, str]:
    try:
        module = importlib.import_module(where)
        return module, inspect.getsource(module)
    except _BROKEN as error:
        raise PolicyNotLoaded(
            f"policy {reference!r}: module {where} cannot be imported: "
            f"{type(error).__name__}: {error}"
        ) from error


def _require_own(path: Path) -> None:
    facts = path.stat()
    if facts.st_uid not in {os.geteuid(), 0} or facts.st_mode & 0o022:
        raise PolicyNotLoaded(
            f"policy file {path} must be owned by you and writable by nobody else, has mode "
            f"{facts.st_mode & 0o777:o} and owner {facts.st_uid}: chmod go-w {path}"
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


def _version(source: str, params: Params | None, policy: Policy) -> str:
    digest = hashlib.sha256(source.encode())
    digest.update(b"\0" if params is None else msgspec.json.encode(params, order="deterministic"))
    digest.update(msgspec.json.encode(list(policy.needs), order="deterministic"))
    return digest.hexdigest()[:VERSION_DIGITS]
