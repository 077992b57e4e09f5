"""`account` and `keys`: tables of tradebot.toml and keys that are never shown."""

import io
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import keyring
import pytest
from keyring.backends.fail import Keyring as Nowhere
from tests.engine.cli.conftest import Tradebot

KEY, SECRET = "AKxyz-do-not-print", "zz-nor-this-one"


@pytest.fixture(autouse=True)
def no_ring() -> Iterator[None]:
    """Never ask the user's own keyring."""
    before = keyring.get_keyring()
    keyring.set_keyring(Nowhere())
    yield
    keyring.set_keyring(before)


def pipe(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


def test_an_account_is_added_below_what_is_there_and_removed_again(
    tradebot: Tradebot, home: Path
) -> None:
    text = (
        "# mine\n[engine]\nname = 'main'  # keep\n\n"
        '[accounts.old]\nvenue = "ib"\nkind = "live"\n\n# about the console\n[console]\n'
    )
    (home / "tradebot.toml").write_text(text)
    added = tradebot("account", "add", "paper", "--venue", "alpaca")
    assert (added.code, added.out.splitlines()[1]) == (0, "next: tradebot keys set paper")
    now = (home / "tradebot.toml").read_text()
    assert now == text + '\n[accounts.paper]\nvenue = "alpaca"\nkind = "broker-paper"\n'
    assert tradebot("account", "remove", "old").code == 0
    left = (home / "tradebot.toml").read_text()
    assert "# mine" in left
    assert "# keep" in left
    assert "# about the console\n[console]" in left
    assert list(tomllib.loads(left)["accounts"]) == ["paper"]


def test_an_account_in_an_empty_home_makes_the_file_for_its_owner_alone(
    tradebot: Tradebot, home: Path
) -> None:
    added = tradebot("account", "add", "gw", "--venue", "ib", "--port", "4002", "--json")
    assert cast("dict[str, object]", added.document)["port"] == 4002
    assert (home / "tradebot.toml").stat().st_mode & 0o777 == 0o600
    listed = cast("list[dict[str, object]]", tradebot("account", "list", "--json").document)
    assert [(one["account"], one["kind"]) for one in listed] == [("gw", "broker-paper")]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["Bad Name", "--venue", "ib"], "an account's name must be"),
        (["a", "--venue", "alpaca", "--base-url", "https://api.alpaca.markets"], "kind must be"),
        (["a", "--venue", "ib", "--port", "0"], "port"),
    ],
)
def test_an_account_that_could_not_be_used_is_not_written(
    tradebot: Tradebot, home: Path, words: list[str], said: str
) -> None:
    ran = tradebot("account", "add", *words)
    assert ran.code == 3
    assert said in ran.err
    assert not (home / "tradebot.toml").exists()


@pytest.mark.parametrize(
    "text",
    ['accounts = { old = { venue = "ib", kind = "live" } }\n', 'accounts.old.venue = "ib"\n'],
)
def test_a_file_written_in_another_way_is_left_to_its_writer(
    tradebot: Tradebot, home: Path, text: str
) -> None:
    (home / "tradebot.toml").write_text(text)
    ran = tradebot("account", "add", "new", "--venue", "ib")
    if ran.code:
        assert "by hand" in ran.err
        assert (home / "tradebot.toml").read_text() == text
    else:
        assert set(tomllib.loads((home / "tradebot.toml").read_text())["accounts"]) == {
            "old",
            "new",
        }


def test_a_name_is_taken_once(tradebot: Tradebot) -> None:
    assert tradebot("account", "add", "a", "--venue", "ib").code == 0
    again = tradebot("account", "add", "a", "--venue", "ib")
    assert (again.code, "is there already" in again.err) == (3, True)


def test_an_account_a_sleeve_uses_is_not_removed(tradebot: Tradebot, home: Path) -> None:
    (home / "tradebot.toml").write_text(
        '[accounts.a]\nvenue = "ib"\nkind = "live"\n[sleeves.s]\npolicy = "x:Y"\naccount = "a"\n'
        'symbols = ["ib:AAPL"]\ncapital = "1 USD"\nrun = "off"\n'
    )
    ran = tradebot("account", "remove", "a")
    assert (ran.code, "used by sleeve s" in ran.err) == (3, True)


def test_keys_from_stdin_are_kept_in_a_file_with_their_hosts_and_never_shown(
    tradebot: Tradebot, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tradebot("account", "add", "paper", "--venue", "alpaca")
    pipe(monkeypatch, f"{KEY}\n{SECRET}\n")
    ran = tradebot("keys", "set", "paper")
    assert ran.code == 0
    file = home / "keys" / "paper.json"
    assert str(file) in ran.out
    assert "paper-api.alpaca.markets" in ran.out
    kept = json.loads(file.read_text())
    assert (kept["key"], kept["secret"]) == (KEY, SECRET)
    seen = [ran, tradebot("keys", "list"), tradebot("keys", "list", "--json")]
    seen += [tradebot("account", "list"), tradebot("account", "check"), tradebot("doctor")]
    assert all(KEY not in one.out + one.err for one in seen)
    assert all(SECRET not in one.out + one.err for one in seen)
    assert str(file) in tradebot("keys", "remove", "paper").out
    assert not file.exists()


def test_an_account_with_a_server_of_its_own_gets_keys_for_that_server_alone(
    tradebot: Tradebot, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "http://127.0.0.1:9009"
    tradebot("account", "add", "local", "--venue", "alpaca", "--kind", "sandbox", "--base-url", url)
    pipe(monkeypatch, f"{KEY}\n{SECRET}\n")
    assert tradebot("keys", "set", "local").code == 0
    assert json.loads((home / "keys" / "local.json").read_text())["hosts"] == ["127.0.0.1:9009"]


@pytest.mark.parametrize(
    ("typed", "said"), [("", "the key must have"), ("only-a-key\n", "the secret must have")]
)
def test_half_a_key_is_refused(
    tradebot: Tradebot, monkeypatch: pytest.MonkeyPatch, typed: str, said: str
) -> None:
    tradebot("account", "add", "paper", "--venue", "alpaca")
    pipe(monkeypatch, typed)
    ran = tradebot("keys", "set", "paper")
    assert (ran.code, said in ran.err) == (1, True)


def test_keys_for_nobody_and_for_a_gateway_are_refused(tradebot: Tradebot) -> None:
    assert tradebot("keys", "set", "nobody").code == 3
    tradebot("account", "add", "gw", "--venue", "ib")
    assert "needs no keys" in tradebot("keys", "set", "gw").err


def test_account_check_says_what_is_missing_and_where_nobody_answers(
    tradebot: Tradebot, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tradebot("account", "add", "invented", "--venue", "sandbox")
    assert tradebot("account", "check").code == 0
    tradebot("account", "add", "ours", "--venue", "native")
    assert tradebot("account", "check", "ours").code == 0
    tradebot("account", "add", "paper", "--venue", "alpaca")
    without = tradebot("account", "check", "paper")
    assert (without.code, "no keys: tradebot keys set paper" in without.out) == (3, True)
    pipe(monkeypatch, f"{KEY}\n{SECRET}\n")
    tradebot("keys", "set", "paper")
    file = home / "tradebot.toml"
    nowhere = 'base_url = "http://127.0.0.1:1"\n'
    file.write_text(file.read_text().replace("broker-paper", "sandbox") + nowhere)
    pipe(monkeypatch, f"{KEY}\n{SECRET}\n")
    tradebot("keys", "set", "paper")
    checked = tradebot("account", "check", "paper", "--json")
    (line,) = cast("list[dict[str, object]]", checked.document)
    assert checked.code == 4
    assert "127.0.0.1" in str(line["problem"])
    assert tradebot("account", "check", "nobody").code == 3


def test_keys_stored_before_the_address_was_changed_are_for_another_host(
    tradebot: Tradebot, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tradebot("account", "add", "paper", "--venue", "alpaca")
    pipe(monkeypatch, f"{KEY}\n{SECRET}\n")
    tradebot("keys", "set", "paper")
    file = home / "tradebot.toml"
    text = file.read_text().replace("broker-paper", "sandbox")
    file.write_text(text + 'base_url = "https://elsewhere.example"\n')
    checked = tradebot("account", "check", "paper")
    assert (checked.code, "not for elsewhere.example" in checked.out) == (3, True)
