"""A secret shows `***` wherever text is wanted."""

import copy
import json
import pickle

import msgspec
import orjson
import pytest

from tradebot.engine.secret import Secret

KEY = "AKxyz-do-not-print-me"


@pytest.mark.parametrize(
    "said",
    [
        str(Secret(KEY)),
        repr(Secret(KEY)),
        f"{Secret(KEY)}",
        f"{Secret(KEY)!r:>40}",
        "%s" % Secret(KEY),  # noqa: UP031  (libraries write so)
        "a " + Secret(KEY),
        "".join([Secret(KEY)]),
        json.dumps({"key": Secret(KEY)}),
        orjson.dumps({"key": Secret(KEY)}).decode(),
        Secret(KEY).encode().decode(),
        Secret(KEY).upper(),
    ],
)
def test_a_secret_is_stars_wherever_text_is_wanted(said: str) -> None:
    assert "***" in said
    assert KEY not in said


def test_only_reveal_gives_a_secret() -> None:
    assert Secret(KEY).reveal() == KEY


def test_a_secret_may_say_what_kind_it_is() -> None:
    assert str(Secret("ntfy://topic", "ntfy://***")) == "ntfy://***"


def test_secrets_are_compared_by_what_they_hold_and_never_equal_their_stars() -> None:
    assert Secret(KEY) == Secret(KEY)
    assert Secret(KEY) != Secret("other")
    assert Secret(KEY) != "***"
    assert len({Secret(KEY), Secret(KEY), Secret("other")}) == 2


def test_a_secret_cannot_leave_by_pickle_copy_or_messages() -> None:
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(Secret(KEY))
    with pytest.raises(TypeError, match="cannot be pickled"):
        copy.deepcopy([Secret(KEY)])
    with pytest.raises(TypeError):
        msgspec.json.encode(Secret(KEY))
