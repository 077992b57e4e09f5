"""All source files of a policy: its own, and those it imports from beside it or from its own package."""

import ast
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

import msgspec

from tradebot.engine.policy_source.errors import PolicyNotLoaded
from tradebot.engine.policy_source.files import read_source
from tradebot.engine.policy_source.reference import Reference

FILES_MAX = 200
"""Most files one policy may be made of."""

OWN_POLICIES = "tradebot.engine.policies"
"""The policies that come with the engine: of its own code only these are a policy's source."""

_TAG = '{"tradebot_policy_files":'


class Sources(msgspec.Struct, frozen=True):
    """What a policy is made of."""

    main: str
    """The policy's module: `trend`, or `package.module`."""
    files: dict[str, str]
    """Text by relative path, `trend.py` or `package/__init__.py`; the policy's own first."""
    places: dict[str, Path] = {}
    """Where each was read, by relative path; empty for what comes out of a journal."""

    def modules(self) -> dict[str, tuple[str, bool]]:
        """Return relative path, and whether it is a package, by module name."""
        return {_module_of(path): (path, path.endswith("/__init__.py")) for path in self.files}

    def holds(self, module: str) -> bool:
        """Return whether a module of these lies below one of this name."""
        return any(name.startswith(f"{module}.") for name in map(_module_of, self.files))

    def text(self) -> str:
        """Return them as the journal keeps them: one file as it is, several as JSON."""
        if len(self.files) == 1:
            return next(iter(self.files.values()))
        return msgspec.json.encode({"tradebot_policy_files": self.files}).decode()

    def digest(self) -> str:
        """Return sha256 of all texts and of where they stand to each other, hex."""
        return sha256(self.text().encode()).hexdigest()


class Tree(msgspec.Struct, frozen=True):
    """Where modules of one policy may lie."""

    prefix: str
    """The package they belong to; empty: a folder of files."""
    folders: tuple[Path, ...]
    """Of the package, or the folder of files."""
    file: Path | None = None
    """A module that is one file and no package."""
    own: bool = False
    """Whether the files must be the user's."""

    def find(self, module: str) -> Path | None:
        """Return the file of a module, None where it is not one of this tree."""
        if self.file is not None:
            return self.file if module == self.prefix else None
        if self.prefix:
            inside = module.startswith(f"{self.prefix}.")
            if not inside and (module != self.prefix or module == OWN_POLICIES):
                return None
            parts = module.removeprefix(self.prefix).lstrip(".").split(".")
        else:
            parts = module.split(".")
            if parts[0] in sys.stdlib_module_names or parts[0] == "tradebot":
                return None
        for folder in self.folders:
            base = folder.joinpath(*parts)
            for path in (base / "__init__.py", base.with_suffix(".py")):
                if path.is_file() and path != folder.with_suffix(".py"):
                    return path
        return None


def sources_of(reference: Reference, folders: Sequence[Path]) -> Sources:
    """Read all that a policy is made of; nothing is imported.

    Args:
        reference: Which policy.
        folders: Where files are looked for, in order.

    Raises:
        PolicyNotLoaded: If it is not there, or a file of it may not be used.
    """
    if reference.is_file:
        found = next(
            (f / reference.where for f in folders if (f / reference.where).is_file()), None
        )
        if found is None:
            looked = ", ".join(str(folder) for folder in folders)
            raise PolicyNotLoaded(
                f"policy {reference.text!r}: no file {reference.where} in {looked}"
            )
        if "." in found.stem:
            raise PolicyNotLoaded(
                f"policy {reference.text!r}: a policy's file name may hold one dot, as in trend.py"
            )
        return _collected(reference, found.stem, Tree("", (found.parent,), own=True))
    return _collected(reference, reference.where, _installed(reference))


def recorded_sources(reference: Reference, text: str) -> Sources:
    """Return what a policy was made of, from the journal's text.

    Raises:
        PolicyNotLoaded: If the text is damaged.
    """
    main = Path(reference.where).stem if reference.is_file else reference.where
    if not text.startswith(_TAG):
        return Sources(main, {f"{main.replace('.', '/')}.py": text})
    try:
        files = msgspec.json.decode(text, type=dict[str, dict[str, str]])["tradebot_policy_files"]
    except msgspec.DecodeError as error:
        raise PolicyNotLoaded(f"policy {reference.text!r}: its recorded source: {error}") from error
    return Sources(main, files)


def _installed(reference: Reference) -> Tree:
    """Return where an installed module's package lies, without running any of its code."""
    top = reference.where.partition(".")[0]
    if top == "tradebot":
        top = OWN_POLICIES
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError) as error:
        raise PolicyNotLoaded(f"policy {reference.text!r}: module {top}: {error}") from error
    if spec is None:
        raise PolicyNotLoaded(
            f"policy {reference.text!r}: module {reference.where} cannot be imported: no package {top} is installed"
        )
    locations = spec.submodule_search_locations
    if locations is not None:
        return Tree(top, tuple(Path(location) for location in locations))
    return Tree(top, (), Path(spec.origin or ""))


def _collected(reference: Reference, main: str, tree: Tree) -> Sources:
    files: dict[str, str] = {}
    places: dict[str, Path] = {}
    known = set[str]()
    waiting = [main]
    while waiting:
        module = waiting.pop(0)
        path = None if module in known else tree.find(module)
        known.add(module)
        if path is None:
            continue
        text = read_source(path, own=tree.own)
        is_package = path.name == "__init__.py"
        relative = module.replace(".", "/") + ("/__init__.py" if is_package else ".py")
        files[relative], places[relative] = text, path
        if len(files) > FILES_MAX:
            raise PolicyNotLoaded(
                f"policy {reference.text!r} must be made of at most {FILES_MAX} files"
            )
        package = module if is_package else module.rpartition(".")[0]
        waiting += _with_parents(module)[:-1]
        waiting += list(_imported(text, package))
    if not files:
        raise PolicyNotLoaded(
            f"policy {reference.text!r}: module {main} cannot be imported: it has no source file"
        )
    first = next(iter(files))
    return Sources(main, {first: files[first], **dict(sorted(files.items()))}, places)


def _imported(text: str, package: str) -> Iterator[str]:
    """Yield the names of modules that a source may import, relative ones resolved; names that are none do no harm."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return  # loading it says what is wrong, and where
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _with_parents(alias.name)
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".") if package else []
            above = parts[: len(parts) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                yield from _with_parents(f"{base}.{alias.name}" if base else alias.name)


def _with_parents(module: str) -> list[str]:
    parts = module.split(".")
    return [".".join(parts[: count + 1]) for count in range(len(parts))]


def _module_of(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
