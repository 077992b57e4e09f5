"""Keys go to the hosts they were stored for, encrypted, and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.engine.config.models import mode_of_host
from tradebot.engine.credentials.errors import KeysRefused, KeysUnusable
from tradebot.engine.credentials.hosts import VENUE_HOSTS, host_of, is_loopback, require_host
from tradebot.engine.credentials.keys import StoredKeys, read_keys
from tradebot.engine.secret import Secret

PAPER = ("paper-api.alpaca.markets",)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Paper-API.alpaca.markets/v2/orders", "paper-api.alpaca.markets"),
        ("https://paper-api.alpaca.markets:443", "paper-api.alpaca.markets"),
        ("wss://stream.binance.com:9443/ws", "stream.binance.com:9443"),
        ("http://127.0.0.1:8080", "127.0.0.1:8080"),
        ("ws://[::1]:9000/x", "[::1]:9000"),
        ("http://localhost/x", "localhost"),
        ("https://api.alpaca.markets.", "api.alpaca.markets"),
    ],
)
def test_a_host_is_written_one_way(url: str, host: str) -> None:
    assert host_of(url) == host


@pytest.mark.parametrize(
    "url",
    [
        "http://paper-api.alpaca.markets/v2",  # not encrypted
        "ws://stream.binance.com/ws",
        "http://127.0.0.1.evil.com",
        "http://localhost.evil.com",
        "http://10.0.0.1/",
        "ftp://api.alpaca.markets",
        "api.alpaca.markets",
        "https://",
        "https://paper-api.alpaca.markets@evil.com/",
        "https://user:pw@paper-api.alpaca.markets/",
        "https://[::1",
        "https://host:99999/",
        "",
    ],
)
def test_keys_never_travel_there(url: str) -> None:
    with pytest.raises(KeysRefused):
        host_of(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.alpaca.markets/v2",  # the live host with paper keys
        "https://paper-api.alpaca.markets.evil.com/",
        "https://evil.com/paper-api.alpaca.markets",
        "https://paper-api.alpaca.markets:8443/",
        "https://127.0.0.1/",
    ],
)
def test_another_host_gets_no_keys(url: str) -> None:
    with pytest.raises(KeysRefused, match=r"keys of a are for paper-api\.alpaca\.markets, not for"):
        require_host("a", PAPER, url)


@given(st.text(max_size=40))
def test_whatever_an_address_says_only_the_stored_host_is_let_through(text: str) -> None:
    for url in (text, f"https://{text}", f"https://{text}/paper-api.alpaca.markets"):
        try:
            require_host("a", PAPER, url)
        except KeysRefused:
            continue
        assert host_of(url) == PAPER[0]


def test_keys_leave_only_for_their_host_and_show_nothing() -> None:
    kept = StoredKeys("a", PAPER, Secret("the-key"), Secret("the-secret"))
    key, secret = kept.hand_out("https://paper-api.alpaca.markets/v2/account")
    assert (key.reveal(), secret.reveal()) == ("the-key", "the-secret")
    with pytest.raises(KeysRefused) as refused:
        kept.hand_out("https://api.alpaca.markets/v2/account")
    assert "the-key" not in f"{refused.value}{kept!r}{kept.written()}"


def test_keys_come_back_as_they_were_written() -> None:
    kept = StoredKeys("a", PAPER, Secret("k"), Secret("-----BEGIN\nline\n"))
    again = read_keys("a", kept.written(), "file x")
    assert again.hosts == PAPER
    assert again.hand_out("https://paper-api.alpaca.markets")[1].reveal() == "-----BEGIN\nline\n"


@pytest.mark.parametrize(
    "text", ["secret-in-here", '{"key":"secret-in-here"}', '{"hosts":[],"key":"k","secret":"s"}']
)
def test_what_is_not_keys_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(KeysUnusable, match="file x must hold the keys of a") as error:
        read_keys("a", Secret(text), "file x")
    assert "secret-in-here" not in str(error.value)


def test_a_venues_own_hosts_agree_with_the_mode_the_host_says() -> None:
    for (_, mode), hosts in VENUE_HOSTS.items():
        for host in hosts:
            assert mode_of_host(f"https://{host}") in {mode, "sandbox"}


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "127.9.9.9", "::1"])
def test_this_machine_is_this_machine(name: str) -> None:
    assert is_loopback(name)
