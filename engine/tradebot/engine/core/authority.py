"""Who may add risk in LIVE: hands while armed, sleeves under a mandate, and within which limits.

This is what the kernel remembers of it, and the questions the gate asks; `arming` and `mandates` decide.
"""

from decimal import Decimal

import msgspec

from tradebot.engine.core.limits import Limits, limits_from_text
from tradebot.engine.core.outcomes import ArmingChanged, MandateRecorded
from tradebot.engine.core.sleeve_limits import wider_limits
from tradebot.engine.core.sleeve_terms import SleeveStarted
from tradebot.engine.core.types import AccountName, Owner, TerminalId


class Arming(msgspec.Struct, frozen=True, kw_only=True):
    """Hands may add risk in LIVE, for a while."""

    terminal: TerminalId
    """The terminal it was typed at: it ends with that one."""
    until: int
    """ns UTC."""
    idle: int
    """Nanoseconds without a word of that terminal after which it ends."""
    seen: int
    """When that terminal last said something, ns UTC."""

    def ends(self) -> int:
        """Return when it ends if the terminal says nothing more, ns UTC."""
        return min(self.until, self.seen + self.idle)


class Mandate(msgspec.Struct, frozen=True, kw_only=True):
    """A sleeve at one version may add risk in LIVE within these bounds."""

    sleeve: Owner
    version: str
    account: AccountName
    capital: Decimal
    """Largest gross exposure of the sleeve, in the engine's currency."""
    loss_budget: Decimal
    """Loss since the mandate began at which it ends, in the engine's currency."""
    limits: Limits
    """The engine's limits when it was given, narrowed by what was typed with it."""
    expires: int
    """ns UTC."""
    base: Decimal
    """The sleeve's profit when it began, in the engine's currency: losses count from there."""
    own_limits: dict[str, str] = {}
    """The sleeve's own limits when it was given."""

    def outgrown(self, started: SleeveStarted) -> str:
        """Return why it does not fit a sleeve as it runs; empty where it does."""
        unfit = outgrown(self.version, self.account, self.capital, started)
        wider = ", ".join(wider_limits(started.limits, self.own_limits))
        return unfit or (f"the sleeve has wider limits: {wider}" if wider else "")


def outgrown(version: str, account: AccountName, capital: Decimal, started: SleeveStarted) -> str:
    """Return why a mandate of these terms does not fit a sleeve as it runs; empty where it does."""
    if started.version != version:
        return f"the sleeve runs version {started.version}, not {version}"
    if started.account != account:
        return f"the sleeve trades account {started.account}, not {account}"
    if started.capital > capital:
        return f"the sleeve has capital {started.capital}, the mandate {capital}"
    return ""


class Authority(msgspec.Struct, frozen=True, kw_only=True):
    """All that is remembered of who may add risk; replaced, never changed in place."""

    arming: Arming | None = None
    mandates: dict[Owner, Mandate] = {}
    wanted: Limits | None = None
    """The configured limits where they are wider than those in force: they wait for `arm`."""
    before: Limits | None = None
    """The limits in force before the engine started; None at its first start."""

    def armed(self, now: int) -> bool:
        """Return whether hands may add risk in LIVE at an instant."""
        return self.arming is not None and now < self.arming.ends()

    def mandate_of(self, started: SleeveStarted, now: int) -> Mandate | None:
        """Return a sleeve's mandate where it holds at an instant."""
        mandate = self.mandates.get(started.name)
        if mandate is None or now >= mandate.expires or mandate.outgrown(started):
            return None
        return mandate

    def seen(self, terminal: TerminalId | None, now: int) -> "Authority":
        """Return it after a word of a terminal; what has ended by then stays ended."""
        arming = self.arming
        if arming is None or terminal != arming.terminal or now >= arming.ends():
            return self
        return msgspec.structs.replace(self, arming=msgspec.structs.replace(arming, seen=now))

    def arming_changed(self, outcome: ArmingChanged, now: int) -> "Authority":
        """Return it after arming began or ended."""
        arming = None
        if outcome.until:
            arming = Arming(
                terminal=outcome.terminal, until=outcome.until, idle=outcome.idle, seen=now
            )
        return msgspec.structs.replace(self, arming=arming)

    def given(self, outcome: MandateRecorded) -> "Authority":
        """Return it with a mandate, in place of the one the sleeve had."""
        mandate = Mandate(
            sleeve=outcome.sleeve,
            version=outcome.version,
            account=outcome.account,
            capital=Decimal(outcome.capital),
            loss_budget=Decimal(outcome.loss_budget),
            limits=limits_from_text(outcome.limits),
            expires=outcome.expires,
            base=Decimal(outcome.base),
            own_limits=outcome.own_limits,
        )
        return msgspec.structs.replace(self, mandates={**self.mandates, outcome.sleeve: mandate})

    def ended(self, sleeve: Owner) -> "Authority":
        """Return it without a sleeve's mandate."""
        kept = {name: mandate for name, mandate in self.mandates.items() if name != sleeve}
        return msgspec.structs.replace(self, mandates=kept)
