"""Accounts as configured, and their checks, for clients: all that reads files or asks venues runs beside the loop."""

import asyncio
from collections.abc import Mapping

from tradebot.engine.config.errors import ConfigError
from tradebot.engine.config.load import load
from tradebot.engine.config.models import AccountConfig
from tradebot.engine.config.name import FILE_NAME
from tradebot.engine.control.engine import Refused
from tradebot.engine.control.setup import AccountCheck, AccountSetup, CapabilitySetup, SetupFacts
from tradebot.engine.core.state import State
from tradebot.engine.credentials.errors import KeysError
from tradebot.engine.credentials.places import Places
from tradebot.engine.home import home
from tradebot.engine.live.clock import Clock

OTHER_IDS = 2
"""Added to an IB client id while the account is traded: the engine's own two are taken."""


class SetupWords:
    """Answers about the configuration's accounts.

    Args:
        state: The kernel's, for what is traded.
        environ: The process's environment.
        clock: The machine's.
    """

    def __init__(self, state: State, environ: Mapping[str, str], clock: Clock) -> None:
        self._state = state
        self._environ = environ
        self._clock = clock
        self._checking = asyncio.Lock()

    async def facts(self) -> SetupFacts:
        """Return what is configured now, and what the traded accounts' venues can do."""
        used = frozenset[str](self._state.accounts)
        accounts, problem = await asyncio.to_thread(_configured, self._environ, used)
        return SetupFacts(
            file=str(home() / FILE_NAME),
            problem=problem,
            accounts=accounts,
            capabilities=_capabilities(self._state),
        )

    async def check(self, account: str) -> AccountCheck:
        """Ask an account's venue whether it can be traded; one check at a time.

        Raises:
            Refused: If no such account is configured.
        """
        async with self._checking:
            used = account in self._state.accounts
            return await asyncio.to_thread(_checked, account, self._environ, self._clock, used=used)


def _configured(
    environ: Mapping[str, str], used: frozenset[str]
) -> tuple[list[AccountSetup], str | None]:
    try:
        configured = load(environ).config.accounts
    except ConfigError as error:
        return [], str(error)
    places = Places(environ, home())
    return [_setup(name, one, places, name in used) for name, one in configured.items()], None


def _setup(name: str, config: AccountConfig, places: Places, used: bool) -> AccountSetup:  # noqa: FBT001
    # Imported here: an engine that trades its own venue alone never needs a broker's room.
    from tradebot.engine.brokers.account_keys import hosts_of, needs_keys, where_kept

    keys, problem = None, None
    if needs_keys(config):
        try:
            wanted = hosts_of(config)
            keys, hosts, problem = where_kept(places, name)
            if keys is not None and set(wanted) - set(hosts):
                problem = f"its keys are for {', '.join(hosts)}, not for {', '.join(wanted)}"
        except KeysError as error:
            problem = str(error)
        if problem is not None:
            problem = f"{problem}: tradebot keys set {name}"
    return AccountSetup(
        name=name,
        venue=config.venue,
        kind=config.kind,
        needs_keys=needs_keys(config),
        keys=keys,
        problem=problem,
        used=used,
    )


def _checked(account: str, environ: Mapping[str, str], clock: Clock, *, used: bool) -> AccountCheck:
    from tradebot.engine.brokers.standing import standing

    try:
        accounts = load(environ).config.accounts
    except ConfigError as error:
        raise Refused("configuration", str(error)) from error
    config = accounts.get(account)
    if config is None:
        known = ", ".join(sorted(accounts)) or "none"
        raise Refused("unknown", f"there is no account {account!r}; known: {known}")
    if used and config.venue == "ib":
        from tradebot.engine.brokers.ib.plan import CLIENT_ID

        taken = CLIENT_ID if config.client_id is None else config.client_id
        config = config.model_copy(update={"client_id": taken + OTHER_IDS})
    try:
        line = standing(account, config, Places(environ, home()), clock, asks=True)
    except KeysError as error:
        return AccountCheck(account=account, ok=False, problem=str(error), facts={})
    return AccountCheck(account=account, ok=line.ok, problem=line.problem, facts=line.facts)


def _capabilities(state: State) -> list[CapabilitySetup]:
    """Return one row for each traded account."""
    return [
        CapabilitySetup(
            account=account.started.name,
            venue=account.started.venue,
            order_types=can.order_types,
            times_in_force=can.times_in_force,
            post_only=can.post_only,
            reduce_only=can.reduce_only,
            replace=can.replace,
            oco=can.oco,
            not_short=len(can.not_short),
        )
        for account in state.accounts.values()
        for can in (account.started.capabilities,)
    ]
