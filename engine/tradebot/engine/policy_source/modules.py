"""Modules made of text at hand: what runs is what was read and hashed, beside any other version of it.

Each loading gets a package of its own name, so that two versions live side by side. An import of a module that is part
of the policy's sources, absolute or relative, goes to that package; any other goes where Python finds it.
"""

import builtins
import importlib
import itertools
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import cast, override

from tradebot.engine.policy_source.moved import with_moved
from tradebot.engine.policy_source.sources import Sources

PREFIX = "tradebot_policy_"

_numbers = itertools.count(1)


class _Modules(MetaPathFinder, Loader):
    """Finds and loads the modules of all loaded policies."""

    def __init__(self) -> None:
        self.packages: dict[str, Sources] = {}

    @override
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        sources, name = self._part(fullname)
        if sources is None:
            return None
        found = sources.modules().get(name)
        if found is None:
            # A package without a file of its own, e.g. a namespace: its modules are found here all the same.
            return ModuleSpec(fullname, None, is_package=True) if sources.holds(name) else None
        return ModuleSpec(fullname, self, origin=found[0], is_package=found[1])

    @override
    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return None

    @override
    def exec_module(self, module: ModuleType) -> None:
        sources, name = self._part(module.__name__)
        if sources is None:
            raise ImportError(f"{module.__name__} was dropped")
        path, _ = sources.modules()[name]
        package = module.__name__.partition(".")[0]
        module.__dict__["__builtins__"] = {
            **vars(builtins),
            "__import__": _importer(package, sources),
        }
        # A policy is trusted code.
        exec(compile(sources.files[path], path, "exec"), module.__dict__)  # noqa: S102  # nosec B102

    def _part(self, fullname: str) -> tuple[Sources | None, str]:
        package, _, name = fullname.partition(".")
        return self.packages.get(package), name


_modules = _Modules()


def load_module(sources: Sources) -> ModuleType:
    """Return the policy's module, freshly run.

    Raises:
        BaseException: Whatever its code raises while it is loaded; nothing of it is left then.
    """
    if _modules not in sys.meta_path:
        sys.meta_path.append(_modules)
    package = f"{PREFIX}{sources.digest()[:12]}_{next(_numbers)}"
    _modules.packages[package] = sources
    around = ModuleType(package)
    around.__path__ = []
    sys.modules[package] = around
    try:
        return importlib.import_module(f"{package}.{sources.main}")
    except BaseException:
        drop(package)
        raise


def drop(package: str) -> None:
    """Forget a package made here and all modules in it; what still holds its objects keeps them."""
    _modules.packages.pop(package, None)
    for name in [one for one in sys.modules if one == package or one.startswith(f"{package}.")]:
        del sys.modules[name]


def _importer(package: str, sources: Sources) -> Callable[..., ModuleType]:
    """Return the `__import__` of a policy's modules."""
    known = frozenset(sources.modules())

    def imported(
        name: str,
        globals: Mapping[str, object] | None = None,  # noqa: A002  (the names of `__import__`)
        locals: Mapping[str, object] | None = None,  # noqa: A002  (as above)
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        wanted = _absolute(package, name, globals or {}, level)
        names = fromlist or ()
        if wanted in known or any(f"{wanted}.{one}".lstrip(".") in known for one in names):
            if not wanted:
                return builtins.__import__(name, globals, locals, names, level)
            around = {"__package__": package, "__name__": package}
            return builtins.__import__(wanted, around, None, names, 1)
        return with_moved(builtins.__import__(wanted, globals, locals, names, 0), tuple(names))

    return imported


def _absolute(package: str, name: str, around: Mapping[str, object], level: int) -> str:
    """Return the name of a module as it is outside its version's own package."""
    if level == 0:
        return name
    inside = cast("str", around.get("__package__") or package)
    parts = inside.split(".")
    kept = parts[1 : len(parts) - level + 1]
    return ".".join([*kept, *([name] if name else [])])
