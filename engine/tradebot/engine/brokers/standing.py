"""How a configured account stands: its keys are there and for the right hosts, and, if asked, its venue takes them."""

import msgspec

from tradebot.engine.brokers.account_keys import hosts_of, needs_keys, where_kept
from tradebot.engine.brokers.checking import CONFIGURATION
from tradebot.engine.brokers.looking import look_at_account
from tradebot.engine.config.models import AccountConfig
from tradebot.engine.credentials.places import Places
from tradebot.engine.live.clock import Clock

NO_ADAPTER = (
    "this version trades in its own venue only: the adapter for {venue} comes with a later one"
)


class AccountLine(msgspec.Struct, frozen=True, kw_only=True):
    """What a look at one account found."""

    account: str
    venue: str
    kind: str
    keys: str | None
    """Where they are kept; None: nowhere, or none are needed."""
    hosts: tuple[str, ...]
    ok: bool
    problem: str | None
    """What is wrong, with the remedy where there is one."""
    exit_code: int = 0
    facts: dict[str, str] = {}
    """What its venue says of it."""


def standing(
    name: str, config: AccountConfig, places: Places, clock: Clock, *, asks: bool
) -> AccountLine:
    """Look at one account.

    Args:
        name: The account's.
        config: As configured.
        places: Where keys are.
        clock: The machine's.
        asks: Whether its venue is asked too; that blocks for seconds.

    Raises:
        KeysRefused: If keys must not travel to a configured address.
    """
    where, hosts, problem, code = None, (), None, 0
    if needs_keys(config):
        where, hosts, problem = where_kept(places, name)
        strange = sorted(set(hosts_of(config)) - set(hosts)) if where else []
        if strange:
            problem = f"its keys are for {', '.join(hosts)}, not for {', '.join(strange)}"
        if problem is not None:
            problem, code = f"{problem}: tradebot keys set {name}", CONFIGURATION
    facts: dict[str, str] = {}
    if asks and problem is None and config.venue not in {"native", "sandbox"}:
        look = look_at_account(name, config, places, clock)
        if look is None:
            problem, code = NO_ADAPTER.format(venue=config.venue), 1
        else:
            problem, code, facts = look.problem, look.exit_code, dict(look.facts)
    return AccountLine(
        account=name,
        venue=config.venue,
        kind=config.kind,
        keys=where,
        hosts=hosts,
        ok=problem is None,
        problem=problem,
        exit_code=code,
        facts=facts,
    )
