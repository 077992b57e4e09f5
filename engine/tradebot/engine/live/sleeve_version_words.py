"""`policy reload` and `policy rollback`: what another version would change, and the change."""

import asyncio

import msgspec

from tradebot.engine.control.engine import Refused
from tradebot.engine.control.messages_orders import CommandAnswer
from tradebot.engine.control.sleeves import ChangeBody, VersionDifference
from tradebot.engine.core.events import SleeveChanged
from tradebot.engine.core.types import Owner
from tradebot.engine.live.sleeve_listing import mode_of
from tradebot.engine.live.sleeve_place import Placing, require_fit, require_version, terms_of
from tradebot.engine.live.sleeve_versions import rolled_back
from tradebot.engine.live.version_difference import Candidate, difference
from tradebot.engine.policy_source.errors import PolicyNotLoaded
from tradebot.engine.policy_source.load import load_recorded


class VersionWords:
    """What clients ask and tell about versions of a sleeve.

    Args of the constructor:
        place: Puts versions into place.
    """

    def __init__(self, place: Placing) -> None:
        self._place = place

    async def reload_difference(self, name: str) -> VersionDifference:
        """Return what loading the code on disk would change.

        Raises:
            Refused: If it does not run, or its code cannot be loaded.
        """
        return self._difference(await self._on_disk(name))

    async def reload(self, name: str, body: ChangeBody) -> CommandAnswer:
        """Swap to the code on disk.

        Raises:
            Refused: If it changed since the difference was shown, or the state cannot be taken over.
        """
        return await self._change(await self._on_disk(name), body)

    async def rollback_difference(self, name: str) -> VersionDifference:
        """Return what going one version back would change.

        Raises:
            Refused: If there is no version before.
        """
        return self._difference(await self._before(name))

    async def rollback(self, name: str, body: ChangeBody) -> CommandAnswer:
        """Swap to the version before, from the journal's source.

        Raises:
            Refused: If that is another than was shown, or the state cannot be taken over.
        """
        return await self._change(await self._before(name), body)

    async def _on_disk(self, name: str) -> Candidate:
        self._place.running(name)
        found = await self._place.load(name)
        sleeve = self._place.running(name)
        started = terms_of(self._place.state, found, sleeve.started.run)
        if started.account != sleeve.started.account:
            raise Refused(
                "conflict",
                f"{name} trades account {sleeve.started.account}, the file says {started.account}: "
                f"tradebot policy stop {name}, then start",
            )
        return Candidate("reload", sleeve, started, found.policy, found.started)

    async def _before(self, name: str) -> Candidate:
        self._place.running(name)
        versions = await self._place.versions(Owner(name))
        sleeve = self._place.running(name)
        if len(versions) < 2:  # noqa: PLR2004  (the one that runs and the one before)
            raise Refused("conflict", f"{name} has no version before {sleeve.started.version}")
        then = versions[-2].started
        source = self._place.runtime.records.journal.source(then.version)
        if source is None:
            raise Refused("conflict", f"the journal has no source of version {then.version}")
        try:
            policy = await asyncio.to_thread(load_recorded, then.policy, then.params, source)
        except PolicyNotLoaded as error:
            raise Refused("configuration", str(error)) from error
        if policy.version != then.version:
            raise Refused(
                "conflict",
                f"version {then.version} is {policy.version} with this program: it cannot be had again",
            )
        started = msgspec.structs.replace(
            sleeve.started, policy=then.policy, version=then.version, params=then.params
        )
        return Candidate("rollback", sleeve, started, policy, None)

    def _difference(self, candidate: Candidate) -> VersionDifference:
        old = self._place.loaded.get(candidate.started.name)
        return difference(self._place.bench(), candidate, old)

    async def _change(self, candidate: Candidate, body: ChangeBody) -> CommandAnswer:
        started, sleeve = candidate.started, candidate.sleeve
        require_version(candidate.policy.version, body.version, candidate.what)
        require_fit(self._place.state, started)
        if candidate.policy.version == sleeve.started.version and started == sleeve.started:
            raise Refused("conflict", f"{started.name} runs {started.version} already")
        if body.unattended and mode_of(self._place.state) != "sandbox" and started.run != "shadow":
            raise Refused(
                "refused",
                f"{started.name} runs live in {mode_of(self._place.state)}: a reload needs somebody to look",
            )
        before = sleeve.started.version
        # A restart with the same files goes on with what was gone back to.
        back_from = before if candidate.what == "rollback" else ""
        self._place.runtime.records.journal.note(rolled_back(started.name), back_from)
        self._place.swap(
            candidate.policy,
            SleeveChanged(
                started=started,
                what=candidate.what,
                memory=self._place.memory(started, candidate.policy, fresh=body.fresh),
                configured=candidate.configured,
                reason=body.reason,
            ),
        )
        await self._place.durable()
        lines = [f"{started.name} {before[:4]} -> {started.version[:4]}"]
        if self._place.state.is_live and started.run == "live":
            lines.append("no mandate for this version: a shadow until policy start --live")
        return CommandAnswer(ok=True, lines=lines)
