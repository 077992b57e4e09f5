"""Addresses are secrets from the moment they are read."""

from pathlib import Path

import pytest

from tradebot.engine.alerts.addresses import parse_addresses, parse_heartbeat, without_parts
from tradebot.engine.config.errors import ConfigError
from tradebot.engine.config.load import load
from tradebot.engine.secret import Secret

TOPIC = "s3cr3t-topic"


def test_an_address_shows_its_scheme_alone() -> None:
    (address,) = parse_addresses([f"ntfy://{TOPIC}"])
    assert str(address) == "ntfy://***"
    assert address.reveal() == f"ntfy://{TOPIC}"
    assert parse_addresses(f"ntfy://{TOPIC}") == (address,)


@pytest.mark.parametrize(
    "value", [["ntfy:/s3cr3t-topic"], [5], {"a": 1}, ["ntfy://s3cr3t-topic x"], ["a://b"] * 11]
)
def test_what_is_no_address_is_refused_without_being_repeated(value: object) -> None:
    with pytest.raises(ValueError, match=r"address|addresses") as refused:
        parse_addresses(value)
    assert TOPIC not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        '[alerts]\nto = ["ntfy:/s3cr3t-topic"]\n',
        '[engine]\nheartbeat_url = "http://example.com/s3cr3t-topic"\n',
    ],
)
def test_a_wrong_configuration_is_told_without_the_secret(tmp_path: Path, text: str) -> None:
    (tmp_path / "tradebot.toml").write_text(text)
    with pytest.raises(ConfigError) as refused:
        load({}, tmp_path)
    assert TOPIC not in str(refused.value)


def test_a_wrong_variable_is_told_without_the_secret(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        load({"TRADEBOT_ALERTS__TO": f'["ntfy://{TOPIC}'}, tmp_path)
    assert TOPIC not in str(refused.value)


def test_effective_settings_hide_addresses(tmp_path: Path) -> None:
    (tmp_path / "tradebot.toml").write_text(
        f'[alerts]\nto = ["ntfy://{TOPIC}", "json://h/{TOPIC}"]\n'
        f'[engine]\nheartbeat_url = "https://hc.example/{TOPIC}"\n'
    )
    shown = {setting.key: setting.value for setting in load({}, tmp_path).settings}
    assert shown["alerts.to"] == "ntfy://***, json://***"
    assert shown["engine.heartbeat_url"] == "https://hc.example/***"


@pytest.mark.parametrize("url", ["https://hc.example/x", "http://127.0.0.1:9/x", "http://[::1]/x"])
def test_a_heartbeat_goes_by_https_or_on_this_machine(url: str) -> None:
    found = parse_heartbeat(url)
    assert found is not None
    assert found.reveal() == url


@pytest.mark.parametrize("url", ["http://hc.example/x", "ftp://x", "https://", 5, "hc.example"])
def test_a_heartbeat_goes_nowhere_else(url: object) -> None:
    with pytest.raises(ValueError, match="must be https"):
        parse_heartbeat(url)


def test_no_part_of_an_address_stays_in_a_librarys_words() -> None:
    address = Secret("ntfys://user:passw0rd@host.example/topic-xyz?token=abcdef", "ntfys://***")
    said = without_parts(
        "POST https://host.example/topic-xyz as user/passw0rd: 403 abcdef", address
    )
    for part in ("user", "passw0rd", "topic-xyz", "abcdef", "host.example"):
        assert part not in said
    assert "403" in said
