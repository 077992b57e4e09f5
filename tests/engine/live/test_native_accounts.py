"""Accounts of the native venue: configured ones, their mode, and logs from before there were several."""

from decimal import Decimal
from pathlib import Path

import pytest
from tests.engine.live.live_bench import BTC

from tradebot.engine.config.load import load
from tradebot.engine.core.types import AccountName
from tradebot.engine.live.errors import CannotRun
from tradebot.engine.live.native_accounts import NativeAccount, native_accounts
from tradebot.engine.venue.log import VenueLog
from tradebot.engine.venue.native import NativeVenue


def accounts(folder: Path, text: str) -> tuple[NativeAccount, ...]:
    file = folder / "tradebot.toml"
    file.write_text(text)
    file.chmod(0o600)
    return native_accounts(load({}, folder).config)


def test_accounts_are_those_of_the_configuration_the_first_the_default(tmp_path: Path) -> None:
    text = (
        '[accounts.b]\nvenue = "native"\nkind = "sandbox"\ncash = "5 EUR"\n'
        '[accounts.a]\nvenue = "sandbox"\nkind = "sandbox"\n'
    )
    assert accounts(tmp_path, text) == (
        NativeAccount(AccountName("b"), Decimal(5), "EUR"),
        NativeAccount(AccountName("a"), Decimal(100_000), None),
    )
    (one,) = accounts(tmp_path, "")
    assert one.name == "sandbox"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('venue = "native"\nkind = "live"\n', "kind must be sandbox as engine.mode, was live"),
        ('venue = "binance"\nkind = "sandbox"\n', "venue must be native on an invented"),
    ],
)
def test_an_account_that_contradicts_the_engine_ends_the_start(
    tmp_path: Path, text: str, why: str
) -> None:
    with pytest.raises(CannotRun, match=why) as caught:
        accounts(tmp_path, f"[accounts.a]\n{text}")
    assert caught.value.exit_code == 3


def test_a_log_of_one_account_reads_as_before(tmp_path: Path) -> None:
    path = tmp_path / "venue.log"
    path.write_text(
        '{"kind":"opened","ts":1,"account":"sandbox","currency":"USDT","cash":"100"}\n'
        '{"kind":"accepted","ts":2,"client_order_id":"a","venue_order_id":"v1","instrument":"'
        + BTC.id
        + '","side":"buy","type":"limit","tif":"gtc","quantity":5,"price":10}\n'
    )
    log = VenueLog(path)
    books = NativeVenue.books_of(log, (BTC,))
    log.close()
    (order,) = books.working.values()
    assert books.account_of(order.accepted) == "sandbox"
    assert books.accounts[AccountName("sandbox")].cash == {"USDT": 100}
