"""The house's books and the game, against worked figures."""

from decimal import Decimal

import msgspec
from tests.engine.core.builders import ACCOUNT, BTC_ID, SLEEVE, World, loaded, started
from tests.engine.core.histories import Restless

from tradebot.engine.control.messages_house import SleeveRow
from tradebot.engine.core.events import CashMoved
from tradebot.engine.core.outcomes import BetSettled
from tradebot.engine.core.reasons import Edge
from tradebot.engine.core.records import Record
from tradebot.engine.core.types import HAND, BetId, Owner
from tradebot.engine.live.game_facts import DAY, GameTeller, brought, game_view, since_of
from tradebot.engine.live.house_facts import calibration_line, house_view, row_of
from tradebot.engine.sizing.target import coin_flip

GAME = {"utility": "hybrid", "floor": "-10%", "target": "20%", "since": "1971-01-01"}


def bet(number: int, r: str, *, owner: Owner = HAND, **more: object) -> BetSettled:
    """Return a bet of 60 at risk that was said to win 0.40 at 2.640 : 1."""
    made = BetSettled(
        bet_id=BetId(f"b{number}"),
        account=ACCOUNT,
        instrument=BTC_ID,
        owner=owner,
        version=None,
        side="buy",
        tag="breakout",
        opened=1,
        closed=2,
        quantity=1,
        currency="USDT",
        risk="60",
        result=str(Decimal(r) * 60),
        r=r,
        edge=Edge(source="stated", win=Decimal("0.4")),
        pays="2.640000",
        promised="0.456000",
        spread="1.783255",
        rate="1",
    )
    return msgspec.structs.replace(made, **more)


def hands_bets() -> list[BetSettled]:
    return [bet(n, "2.640000" if n < 13 else "-1.000000") for n in range(41)]


def test_the_hands_row_is_the_worked_one() -> None:
    world = World()
    row = row_of(world.state, HAND, hands_bets())
    assert row.bets == row.settled == 41
    assert round(Decimal(row.expected or 0)) == 1122
    assert round(Decimal(row.expected_sd or 0)) == 685
    assert round(Decimal(row.actual or 0)) == 379
    assert round(row.luck or 0, 1) == -1.1
    figures = (row.edge, row.edge_low, row.edge_high)
    assert [round(one or 0, 2) for one in figures] == [0.15, -0.36, 0.67]
    assert row.needed == 464
    assert row.note == ""


def test_the_calibration_line_is_the_worked_one() -> None:
    record = Record()
    for one in hands_bets():
        record = record.changed(one, 1)
    line = calibration_line(HAND, "breakout", record)
    assert line is not None
    assert line[1] == (
        'you said 0.40 on the "breakout" bets; 13 of 41 won = 0.32 [0.20, 0.47]. '
        "Sizes now use 0.33, not 0.40."
    )


def test_nothing_stated_is_nothing_calibrated_and_nothing_expected() -> None:
    bare = [bet(n, "1.0", edge=None, promised=None, spread=None) for n in range(3)]
    record = Record()
    for one in bare:
        record = record.changed(one, 1)
    assert calibration_line(HAND, "breakout", record) is None
    row = row_of(World().state, HAND, bare)
    assert (row.expected, row.luck, row.actual) == (None, None, "180.00")
    assert row.note == "no edge was stated"


def test_luck_counts_only_bets_that_promised() -> None:
    some = [*hands_bets(), bet(99, "50", edge=None, promised=None, spread=None)]
    row = row_of(World().state, HAND, some)
    assert round(row.luck or 0, 1) == -1.1
    assert row.note == "expected counts the 41 of 42 bets that stated an edge"


def test_a_stated_mean_takes_the_deviation_the_owner_has_shown() -> None:
    means = [bet(n, r, promised="0.080000", spread=None) for n, r in enumerate(["2", "-1"] * 20)]
    row = row_of(World().state, HAND, means)
    assert row.expected == "192.00"
    assert Decimal(row.expected_sd or 0).quantize(Decimal("0.1")) == Decimal("569.2")


def test_one_bet_with_a_mean_alone_has_no_luck() -> None:
    row = row_of(World().state, HAND, [bet(1, "2", promised="0.08", spread=None)])
    assert (row.expected, row.expected_sd, row.luck) == ("4.80", None, None)


def test_money_of_another_currency_is_worth_its_rate_at_the_time() -> None:
    row = row_of(World().state, HAND, [bet(1, "1", currency="EUR", rate="1.1")])
    assert row.actual == "66.00"
    unknown = row_of(World().state, HAND, [bet(1, "1", currency="EUR", rate="")])
    assert unknown.note == "1 of 1 bets cannot be valued"


def test_the_books_name_every_owner_once_sleeves_first() -> None:
    world = World(policies={SLEEVE: loaded(Restless())})
    world.market()
    world.hold(1000, owner=Owner("unclaimed"))
    world.market()
    view = house_view(world.state, GameTeller(world.state).bets())
    assert [row.name for row in view.rows] == [SLEEVE, HAND, "unclaimed"]
    sleeve, hand, stranger = view.rows
    assert (sleeve.version, sleeve.run, sleeve.capital) == ("0123", "live", "50000.00")
    assert stranger.note == f"{BTC_ID} 0.01: nobody owns it"
    assert view.pool == "50000.00"
    assert total([sleeve, hand, stranger]) == world.state.equity()


def total(rows: list[SleeveRow]) -> Decimal:
    return sum((Decimal(row.equity or 0) for row in rows), Decimal(0))


def test_old_bets_leave_the_books_after_ninety_days() -> None:
    world = World()
    world.market()
    now = world.now
    book = world.state.bet_book
    for number, age in ((1, 89), (2, 91)):
        book.settle(bet(number, "1", closed=now - age * DAY))
    (hand,) = house_view(world.state, GameTeller(world.state).bets()).rows
    assert hand.bets == 1
    assert book.records[HAND]["breakout"].settled == 2


# ---------------------------------------------------------------------------------------------- the game


def play(cash: str = "24000") -> World:
    world = World(start=msgspec.structs.replace(started(), objective=GAME), cash=cash)
    world.market()
    return world


def test_the_marker_stands_at_the_coin_flip() -> None:
    world = play()
    world.state.ledger.move_cash(cash_of(world, "311"))
    view = game_view(world.state, brought(world.state, []))
    assert view is not None
    assert (view.floor, view.now, view.target) == ("21600.00", "24311.00", "28800.00")
    assert view.place == view.coin == coin_flip(24_311, 21_600, 28_800)
    assert round(view.coin or 0, 4) == 0.3765
    assert (view.chance, view.why_not) == (None, "too few: 0 of 30 bets")
    assert view.text == "+20 % before -10 %"
    assert view.since == "1971-01-01"


def cash_of(world: World, amount: str) -> CashMoved:
    return CashMoved(
        movement_id="won",
        account=ACCOUNT,
        asset="USDT",
        amount=Decimal(amount),
        why="interest",
        ts_event=world.now,
    )


def test_bets_move_the_chance_off_the_coin_flip() -> None:
    world = play()
    for number in range(41):
        won = number < 20
        world.state.bet_book.settle(
            bet(number, "2.640000" if won else "-1.000000", closed=world.now)
        )
    teller = GameTeller(world.state)
    odds = teller.odds()
    assert odds.chance is not None
    assert odds.coin is not None
    assert odds.chance > odds.coin
    view = house_view(world.state, GameTeller(world.state).bets()).game
    assert view is not None
    assert view.low is not None
    assert view.high is not None
    assert view.low <= odds.chance <= view.high
    assert view.settled == 41
    assert teller.odds() == odds
    world.state.bet_book.settle(bet(99, "-900", closed=world.now))
    assert (teller.odds().chance or 1) < odds.chance


def test_a_game_to_come_says_when() -> None:
    later = msgspec.structs.replace(started(), objective=GAME | {"since": "2099-01-01"})
    world = World(start=later)
    world.market()
    view = game_view(world.state, brought(world.state, []))
    assert view is not None
    assert (view.place, view.why_not) == (None, "begins with 2099-01-01")


def test_without_an_objective_there_is_no_game_and_no_odds() -> None:
    world = World()
    assert house_view(world.state, GameTeller(world.state).bets()).game is None
    assert GameTeller(world.state).odds().coin is None
    assert since_of(world.state) == 0
