"""What of a configuration a run of its sleeves rests on, and may be kept beside it."""

from collections.abc import Mapping

from tradebot.engine.config.tree import Tree, is_tree

_KEPT = ("engine", "objective", "risk", "rates", "accounts", "sleeves")
"""Tables a run reads: not alerts, telemetry or the console, whose addresses are nobody else's business."""

_OF_AN_ENGINE = ("mode", "currency", "day_starts", "lots", "stablecoins")
_OF_AN_ACCOUNT = ("venue", "kind", "cash")
"""Not where it is: all sleeves of a run trade on one account of our own."""


def kept_tables(tables: Mapping[str, object]) -> Tree:
    """Return the tables that make the same run again, without addresses and whatever else is private in them."""
    kept: Tree = {name: tables[name] for name in _KEPT if name in tables}
    engine, accounts = kept.get("engine"), kept.get("accounts")
    if is_tree(engine):
        kept["engine"] = _only(engine, _OF_AN_ENGINE)
    if is_tree(accounts):
        kept["accounts"] = {
            name: _only(account, _OF_AN_ACCOUNT) if is_tree(account) else account
            for name, account in accounts.items()
        }
    return kept


def _only(table: Tree, names: tuple[str, ...]) -> Tree:
    return {name: table[name] for name in names if name in table}
