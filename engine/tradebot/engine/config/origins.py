"""Where a value of the configuration came from."""

from dataclasses import dataclass
from pathlib import Path

from tradebot.engine.config.locate import line_of
from tradebot.engine.config.tree import KeyPath, Tree, is_tree
from tradebot.engine.core.types import Mode


@dataclass(frozen=True, slots=True)
class Origins:
    """What is needed to say it."""

    path: Path
    lines: dict[KeyPath, int]
    file: Tree
    found: dict[KeyPath, tuple[str, object]]
    mode: Mode

    def of(self, key: KeyPath) -> str:
        """Return where a key's value came from; for a table, who first spoke of it."""
        for length in range(len(key), 0, -1):
            if key[:length] in self.found:
                return self.found[key[:length]][0]
        for path, (variable, _) in self.found.items():
            if path[: len(key)] == key and not _has(self.file, key):
                return variable
        if _has(self.file, key):
            line = line_of(self.lines, key)
            return f"{self.path}:{line}" if line else str(self.path)
        by_mode = key[0] == "risk" or key == ("engine", "protect_at")
        return f"default for {self.mode}" if by_mode else "default"


def _has(tree: object, key: KeyPath) -> bool:
    """Return whether the file says a key, or says the value (not table) that holds it."""
    for part in key:
        if not is_tree(tree):
            return True
        if part not in tree:
            return False
        tree = tree[part]
    return True
