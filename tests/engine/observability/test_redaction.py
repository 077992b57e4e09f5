"""What must not stand in a log."""

from typing import cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.engine.observability.redaction import DEPTH_MAX, clean, redact_text
from tradebot.engine.secret import Secret

KEY = "AKxyz-do-not-print-me"
BROKER_KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"


class Holder(msgspec.Struct):
    """A message that holds a secret."""

    account: str
    secret: Secret


def test_a_secret_is_hidden_at_any_depth() -> None:
    deep: object = Secret(KEY)
    for _ in range(DEPTH_MAX - 1):
        deep = {"inner": [deep]} if isinstance(deep, Secret) else {"inner": deep}
    assert KEY not in str(clean(deep))
    assert clean({"held": Holder(account="a", secret=Secret(KEY))}) == {
        "held": {"account": "a", "secret": "***"}
    }
    assert clean({Secret(KEY): {Secret(KEY)}}) == {"***": ["***"]}


def test_what_is_nested_too_deep_is_left_out() -> None:
    endless: list[object] = []
    endless.append(endless)
    assert str(clean(endless)).count("[") == DEPTH_MAX


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Authorization: Bearer abc.def-ghi_jkl", "Authorization: Bearer ***"),
        ("got 401 for token 8f2c9d0a11", "got 401 for token ***"),
        ("GET /api?symbol=X&signature=0123abcd", "GET /api?symbol=X&signature=***"),
        ("{'APCA-API-SECRET-KEY': 'abcd1234'}", "{'APCA-API-SECRET-KEY': '***'}"),
        ('{"api_key":"abcd1234","n":1}', '{"api_key":"***","n":1}'),
        ("password = hunter22", "password = ***"),
        ("https://me:hunter22@example.com/x", "https://***@example.com/x"),
        ("jwt eyJhbGciOiJI.eyJzdWIiOiIx.abc", "jwt ***"),
        (f"key {BROKER_KEY} refused", "key *** refused"),
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str, left: str) -> None:
    assert redact_text(text) == left


@pytest.mark.parametrize("end", ["", "-----END PRIVATE KEY-----"])
def test_a_pem_block_is_hidden_even_when_it_was_cut_off(end: str) -> None:
    text = f"failed: -----BEGIN PRIVATE KEY-----\nMIIEvQ\nIBADANB\n{end}"
    assert redact_text(text) == "failed: ***"


@pytest.mark.parametrize(
    "text",
    [
        "tb7k2maab1 filled 0.1 binance:BTCUSDT at 59,998.50",
        "sha256 " + "0123456789abcdef" * 4,
        "engine is down since 2026-11-22T19:00:00Z: it was killed",
        "/home/me/.local/share/tradebot/engines/main/journal.db",
        "the token bucket is empty",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact_text(text) == text


@given(st.recursive(st.none() | st.booleans() | st.text(max_size=5), st.lists, max_leaves=10))
def test_plain_values_without_secrets_stay_as_they_are(value: object) -> None:
    assert clean(value) == value


def test_a_long_text_keeps_its_end() -> None:
    left = cast("str", clean("x" * 30_000 + " the end"))
    assert left.endswith("the end")
    assert len(left) < 21_000
