"""What Binance says of an account and of its key."""

import asyncio

from tradebot.engine.brokers.binance.plan import signer_of
from tradebot.engine.brokers.binance.terms import CannotAsk, ask_account, ask_flags
from tradebot.engine.brokers.checking import CONFIGURATION, UNREACHABLE, AccountLook
from tradebot.engine.config.models import AccountConfig
from tradebot.engine.credentials.places import Places
from tradebot.engine.live.clock import Clock
from tradebot.engine.live.errors import CannotRun

KEY_REFUSED = frozenset({-1022, -2008, -2014, -2015})
"""Codes of a key or signature that is not accepted."""

RESTRICTIONS = "/sapi/v1/account/apiRestrictions"

SHOWN = (
    "enableReading",
    "enableSpotAndMarginTrading",
    "enableWithdrawals",
    "ipRestrict",
)
"""What of a key's restrictions matters here."""


def check_binance(name: str, config: AccountConfig, places: Places, clock: Clock) -> AccountLook:
    """Sign in and ask what the account and its key may do."""
    if config.kind == "paper":
        return AccountLook(facts={"mode": "paper", "orders": "never leave: our own venue fills"})
    try:
        addresses, signer = signer_of(name, config, places)
    except CannotRun as error:
        return AccountLook(problem=str(error), exit_code=error.exit_code)
    facts = {"mode": addresses.mode, "host": addresses.base_url.partition("://")[2]}
    try:
        reply, fees = asyncio.run(ask_account(addresses.base_url, signer, clock))
    except CannotAsk as error:
        code = CONFIGURATION if error.code in KEY_REFUSED else UNREACHABLE
        return AccountLook(facts=facts, problem=str(error), exit_code=code)
    facts |= {
        "account": str(reply.uid),
        "fees": f"maker {100 * fees.maker:f} %, taker {100 * fees.taker:f} %",
        "assets": str(len(reply.balances)),
    }
    problem = None if reply.can_trade else "the venue says that this account cannot trade"
    try:
        told = asyncio.run(ask_flags(addresses.base_url, RESTRICTIONS, signer, clock))
    except CannotAsk as error:
        facts["key"] = f"its restrictions are not told here: {error}"
    else:
        may = [name for name in SHOWN if told.get(name)]
        facts["key"] = ", ".join(may) or "may do nothing"
        if told.get("enableWithdrawals"):
            facts["warning"] = "this key may withdraw: make one that may not"
        if not told.get("enableSpotAndMarginTrading", True):
            problem = "the key may not trade: enable spot trading for it"
    return AccountLook(facts=facts, problem=problem, exit_code=0 if problem is None else 1)
