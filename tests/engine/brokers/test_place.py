"""Where an engine is put: what contradicts itself ends the start with one line, before anything is asked."""

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from tests.engine.brokers.binance.desk import BTC

from tradebot.engine.brokers.binance.addresses import addresses_of, market_addresses
from tradebot.engine.brokers.binance.plan import require_separate
from tradebot.engine.brokers.place import choose_place, symbols_of
from tradebot.engine.config.load import load
from tradebot.engine.config.models import AccountConfig
from tradebot.engine.live.errors import CannotRun
from tradebot.engine.live.options import RunOptions
from tradebot.engine.live.sandbox import Setting

LOCAL = '[accounts.a]\nvenue = "binance"\nkind = "sandbox"\nbase_url = "http://127.0.0.1:1"\n'
OURS = '[accounts.b]\nvenue = "native"\nkind = "sandbox"\n'
TESTNET = (
    '[engine]\nmode = "broker-paper"\n'
    '[accounts.a]\nvenue = "binance"\nkind = "broker-paper"\nsymbols = ["BTCUSDT"]\n'
)
PAPER = (
    '[engine]\nmode = "paper"\n'
    '[accounts.a]\nvenue = "binance"\nkind = "paper"\ndata_url = "http://127.0.0.1:1"\n'
)
SLEEVE = '[sleeves.{}]\npolicy = "rebalance"\naccount = "a"\ncapital = "5 USDT"\nsymbols = {}\n'


def options(tmp_path: Path, text: str, market: str = "synthetic") -> RunOptions:
    path = tmp_path / "tradebot.toml"
    path.write_text(text)
    path.chmod(0o600)
    return RunOptions(
        name="main",
        market=market,
        speed=Decimal(1),
        seed=1,
        listen=None,
        until_consoles_leave=False,
        at_end=None,
        config=load({}, tmp_path).config,
    )


def test_without_a_broker_it_is_our_own_venue(tmp_path: Path) -> None:
    assert isinstance(choose_place(options(tmp_path, "")), Setting)


@pytest.mark.parametrize(
    ("text", "market", "code", "why"),
    [
        ('[engine]\nmode = "live"\n', "synthetic", 3, "no account of that kind is configured"),
        (
            '[engine]\nmode = "live"\n[accounts.a]\nvenue = "binance"\nkind = "broker-paper"\n',
            "synthetic",
            3,
            "kind must be live as engine.mode, was broker-paper",
        ),
        (
            LOCAL + OURS,
            "synthetic",
            3,
            "accounts.b is at our own venue, others are at a broker",
        ),
        (
            LOCAL,
            "replay:x",
            2,
            "--market must be venue:symbol",
        ),
        (
            LOCAL,
            "synthetic",
            2,
            "nothing to trade at binance",
        ),
        (
            '[accounts.a]\nvenue = "binance"\nkind = "sandbox"\nsymbols = ["BTCUSDT"]\n',
            "synthetic",
            3,
            "accounts.a.kind is 'sandbox' and https://testnet.binance.vision is 'broker-paper'",
        ),
        (
            TESTNET,
            "synthetic",
            3,
            "tradebot keys set a",
        ),
        (
            '[engine]\nmode = "paper"\n',
            "synthetic",
            2,
            "a paper engine needs a real market",
        ),
        (
            '[engine]\nmode = "paper"\n[accounts.a]\nvenue = "binance"\nkind = "live"\n',
            "binance:BTCUSDT",
            3,
            "accounts.a.kind must be paper as engine.mode, was live",
        ),
        (
            PAPER,
            "binance:BTCUSDT",
            4,
            "binance: no connection",
        ),
    ],
)
def test_what_contradicts_itself_ends_the_start(
    tmp_path: Path, text: str, market: str, code: int, why: str
) -> None:
    with pytest.raises(CannotRun) as caught:
        choose_place(options(tmp_path, text, market))
    assert why in str(caught.value)
    assert caught.value.exit_code == code


def test_symbols_are_those_of_the_market_the_accounts_and_the_sleeves(tmp_path: Path) -> None:
    given = options(
        tmp_path,
        '[accounts.a]\nvenue = "binance"\nkind = "live"\nsymbols = ["ETHUSDT"]\n'
        + SLEEVE.format("s", '["binance:SOLUSDT", "ib:AAPL"]')
        + SLEEVE.format("t", '["binance:XRPUSDT"]')
        + 'run = "off"\n',
        "binance:BTCUSDT,ETHUSDT",
    )
    found = symbols_of(given, "binance", given.config.accounts)
    assert found == ("BTCUSDT", "ETHUSDT", "SOLUSDT")


@pytest.mark.parametrize(
    ("given", "base", "private", "mode"),
    [
        ({"kind": "live"}, "https://api.binance.com", "wss://ws-api.binance.com", "live"),
        (
            {"kind": "broker-paper"},
            "https://testnet.binance.vision",
            "wss://ws-api.testnet.binance.vision",
            "broker-paper",
        ),
        (
            {"kind": "broker-paper", "base_url": "https://demo-api.binance.com/api/"},
            "https://demo-api.binance.com",
            "wss://demo-ws-api.binance.com",
            "broker-paper",
        ),
        (
            {"kind": "sandbox", "base_url": "http://127.0.0.1:9"},
            "http://127.0.0.1:9",
            "ws://127.0.0.1:9",
            "sandbox",
        ),
    ],
)
def test_the_mode_follows_the_host(
    given: dict[str, str], base: str, private: str, mode: str
) -> None:
    found = addresses_of(AccountConfig.model_validate({"venue": "binance", **given}))
    assert (found.base_url, found.private_url) == (base, f"{private}/ws-api/v3")
    assert found.mode == mode


def test_public_data_comes_from_the_host_for_it_or_from_where_the_account_says() -> None:
    assert market_addresses(None).data_url == "https://data-api.binance.vision"
    local = AccountConfig.model_validate(
        {"venue": "binance", "kind": "paper", "data_url": "http://127.0.0.1:9"}
    )
    found = market_addresses(local)
    assert (found.data_url, found.stream_url) == ("http://127.0.0.1:9", "ws://127.0.0.1:9")


def test_instruments_of_one_balance_are_refused_together(tmp_path: Path) -> None:

    _ = tmp_path
    euro = msgspec.structs.replace(BTC, id="binance:BTCEUR", currency="EUR")
    cross = msgspec.structs.replace(BTC, id="binance:ETHBTC", base="ETH", currency="BTC")
    require_separate([BTC])
    with pytest.raises(CannotRun, match="share the balance of BTC"):
        require_separate([BTC, euro])
    with pytest.raises(CannotRun, match="is paid in what binance:BTCUSDT holds"):
        require_separate([BTC, cross])
