"""The code of the running sleeves: what the kernel asks, which version it is, and whether the disk has another."""

from collections.abc import Mapping
from pathlib import Path

from tradebot.engine.core.sleeves import LoadedPolicy
from tradebot.engine.core.types import SECOND, Owner
from tradebot.engine.policy_source.errors import PolicyNotLoaded
from tradebot.engine.policy_source.files import read_source
from tradebot.engine.policy_source.load import VersionedPolicy

LOOK_EVERY = SECOND
"""How often the files are looked at."""

type _Signature = tuple[tuple[int, int, int] | None, ...]
"""Modification time, size and inode of each file; None where there is none."""


class LoadedSleeves:
    """Which policy each sleeve runs; changed between two events only."""

    def __init__(self, found: Mapping[Owner, VersionedPolicy]) -> None:
        self.policies: dict[Owner, LoadedPolicy] = {}
        """What the kernel asks: the same mapping all the time, its values are swapped."""
        self._found: dict[Owner, VersionedPolicy] = {}
        self._seen: dict[Owner, _Signature] = {}
        self._changed: set[Owner] = set()
        self._looked = 0
        for name, policy in found.items():
            self.swap(name, policy)

    def swap(self, name: Owner, policy: VersionedPolicy) -> None:
        """Put a version into place; the kernel asks it from the next event on."""
        self.policies[name] = policy.loaded
        self._found[name] = policy
        self._seen.pop(name, None)
        self._changed.discard(name)

    def get(self, name: Owner) -> VersionedPolicy | None:
        """Return the version that a sleeve runs, None where none was loaded."""
        return self._found.get(name)

    def changed_on_disk(self, name: Owner) -> bool:
        """Return whether the files of a sleeve's policy are others now than those that run."""
        return name in self._changed

    def look(self, now: int) -> None:
        """Look at the files, at most every `LOOK_EVERY`.

        Args:
            now: A clock that never goes back, ns.
        """
        if now < self._looked + LOOK_EVERY:
            return
        self._looked = now
        for name, policy in self._found.items():
            signature = tuple(_signature(path) for path in policy.sources.places.values())
            if self._seen.get(name) == signature:
                continue
            self._seen[name] = signature
            if _same(policy):
                self._changed.discard(name)
            else:
                self._changed.add(name)


def _signature(path: Path) -> tuple[int, int, int] | None:
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_mtime_ns, facts.st_size, facts.st_ino


def _same(policy: VersionedPolicy) -> bool:
    """Return whether the files hold what was loaded."""
    sources = policy.sources
    try:
        return all(
            read_source(path, own=False) == sources.files[relative]
            for relative, path in sources.places.items()
        )
    except PolicyNotLoaded:
        return False
