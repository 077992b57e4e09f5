"""Tokens: printed once, kept as hashes, recognised in constant time, gone at once."""

import stat
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.control.doors import NOW, bearer

from tradebot.engine.control.rights import RIGHTS, Caller, Right, TokenKind
from tradebot.engine.control.tokens import (
    TOKENS_FILE,
    TOKENS_MAX,
    TokenError,
    TokenFile,
    TokenRefused,
    TokenStore,
    add_token,
    read_tokens,
    recognise,
    remove_token,
)

_salt = count(1)


def entropy(size: int) -> bytes:
    return next(_salt).to_bytes(size, "big")


def add(
    folder: Path, name: str = "laptop", kind: TokenKind = "full", ends: int | None = None
) -> str:
    return add_token(folder, name, kind, expires=ends, now=NOW, entropy=entropy)


def test_a_token_is_recognised_and_only_its_hash_is_kept(folder: Path) -> None:
    text = add(folder, kind="reduce-only")
    kept = (folder / TOKENS_FILE).read_text()
    assert text not in kept
    assert text.removeprefix("tbt_") not in kept
    assert TokenStore(folder).recognise(text, NOW) == Caller("laptop", "reduce-only", NOW)


def test_the_same_token_hashes_differently_in_two_engines(folder: Path) -> None:
    digests: list[str] = []
    for name in ("a", "b"):
        add_token(
            folder / name,
            "t",
            "full",
            expires=None,
            now=NOW,
            entropy=lambda size: b"\x07" * size if digests else b"\x08" * size,
        )
        file = read_tokens(folder / name)
        assert file is not None
        digests.append(file.tokens[0].digest)
    assert digests[0] != digests[1]


def test_the_file_is_for_its_owner_alone(folder: Path) -> None:
    add(folder)
    path = folder / TOKENS_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o640)
    with pytest.raises(TokenError, match=r"must be yours and 0600, was -rw-r-----"):
        TokenStore(folder).recognise("x", NOW)
    with pytest.raises(TokenError, match="0600"):
        add(folder, "second")


@pytest.mark.parametrize("damage", [b"", b"{}", b'{"key":"zz","tokens":[]}', b"\xff"])
def test_a_damaged_file_is_said_to_be_one(folder: Path, damage: bytes) -> None:
    add(folder)
    (folder / TOKENS_FILE).write_bytes(damage)
    with pytest.raises(TokenError, match="is damaged"):
        read_tokens(folder)


def test_an_expired_token_is_nobody_s_from_that_very_instant(folder: Path) -> None:
    store, text = TokenStore(folder), add(folder, ends=NOW + 5)
    caller = store.recognise(text, NOW + 4)
    assert caller is not None
    assert store.known(caller, NOW + 4)
    assert store.recognise(text, NOW + 5) is None
    assert not store.known(caller, NOW + 5)


def test_a_removed_token_is_nobody_s_and_the_same_name_made_anew_is_another(folder: Path) -> None:
    store, text = TokenStore(folder), add(folder)
    caller = store.recognise(text, NOW)
    assert caller is not None
    remove_token(folder, "laptop")
    assert store.recognise(text, NOW) is None
    assert not store.known(caller, NOW)
    fresh = add_token(folder, "laptop", "full", expires=None, now=NOW + 1, entropy=entropy)
    assert store.recognise(text, NOW + 1) is None
    assert store.recognise(fresh, NOW + 1) is not None
    assert not store.known(caller, NOW + 1)


def test_without_a_file_nothing_is_recognised(folder: Path) -> None:
    assert TokenStore(folder).recognise("", NOW) is None
    assert TokenStore(folder).names() == []
    with pytest.raises(TokenError, match="there is no token 'x'; there is none"):
        remove_token(folder, "x")


@pytest.mark.parametrize("name", ["", "A", "../x", "a" * 33, "-a", "a b", "ä"])
def test_a_name_that_is_none_is_refused_with_it(folder: Path, name: str) -> None:
    with pytest.raises(TokenRefused, match="a token's name must be"):
        add(folder, name)


def test_a_name_twice_an_end_in_the_past_and_one_too_many_are_refused(folder: Path) -> None:
    add(folder)
    with pytest.raises(TokenError, match="already; choose another name"):
        add(folder)
    with pytest.raises(TokenRefused, match="must expire after now"):
        add(folder, "late", ends=NOW)
    for number in range(TOKENS_MAX - 1):
        add(folder, f"t{number}")
    with pytest.raises(TokenError, match="at most 64 tokens"):
        add(folder, "more")


@given(text=st.text(max_size=80))
def test_no_other_text_is_a_token(text: str) -> None:
    assert recognise(TokenFile(key="00" * 32), text, NOW) is None


def test_each_kind_has_the_rights_of_the_kind_below() -> None:
    order: list[Right] = ["read", "reduce", "full"]
    for rank, kind in enumerate(("read-only", "reduce-only", "full"), start=1):
        assert list(RIGHTS[kind]) == order[:rank]
        assert [Caller("x", kind).may(right) for right in order] == [
            place < rank for place in range(3)
        ]


def test_a_header_carries_a_token(folder: Path) -> None:
    assert bearer(folder, "full")["authorization"].startswith("Bearer tbt_")
