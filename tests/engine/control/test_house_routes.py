"""The routes of the house: what they take, what they answer."""

import msgspec
from tests.engine.control.scripted import DECISION, HOUSE

from tradebot.engine.control.messages_house import Decisions, HouseView
from tradebot.engine.control.routes import ROUTES


def test_reading_the_house_needs_no_more_than_the_right_to_read() -> None:
    rights = {route.path: (route.method, route.right) for route in ROUTES}
    assert rights["/v1/house"] == rights["/v1/status"]
    assert rights["/v1/sleeves/{name}/decisions"] == rights["/v1/status"]


def test_what_is_told_survives_the_wire() -> None:
    told = msgspec.json.encode(HOUSE)
    assert msgspec.json.decode(told, type=HouseView) == HOUSE
    decisions = Decisions(decisions=[DECISION])
    assert msgspec.json.decode(msgspec.json.encode(decisions), type=Decisions) == decisions
