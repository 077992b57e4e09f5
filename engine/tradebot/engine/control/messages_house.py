"""What the screen House shows: the game, what a move of the market would do, the house's books, decisions.

Money is decimal text in the engine's currency; `None` means unknown, never zero. Probabilities, standard deviations
and R are floats: they are estimates. Edges are in R, multiples of what the bet risked.
"""

from typing import Literal

from tradebot.engine.control.messages import Message

type GameUtility = Literal["log", "target", "hybrid", "crra"]
"""What an account is played for."""


class GameView(Message, frozen=True, kw_only=True):
    """The objective and how far the account is: target before floor."""

    floor: str
    """Equity at which the game is lost."""
    now: str | None
    """Equity; None while a part of it cannot be valued."""
    target: str
    """Equity at which the game is won."""
    place: float | None
    """Where equity stands between floor and target, in [0, 1]: the marker on the bar."""
    coin: float | None
    """Chance of the target first without any edge; equal to `place`."""
    chance: float | None
    """Chance with the edge that settled bets have shown, in [0, 1]; None: see `why_not`."""
    low: float | None
    """Lower end of the 95 % interval of `chance`."""
    high: float | None
    settled: int
    """Bets settled since `since`, over all owners."""
    why_not: str
    """Why there is no `chance`, e.g. `too few: 12 of 30 bets`; empty where there is one."""
    since: str | None
    """Day the game began, e.g. `2026-12-01`."""
    deadline: str | None
    utility: GameUtility
    text: str
    """The game in words, e.g. `+20 % before -10 %`."""


class MovesView(Message, frozen=True, kw_only=True):
    """What the account gains if every price moves 10 % at once, working orders and stops included."""

    down: str | None
    """Profit after -10 % when stops fill at their price; negative = loss. None while a mark or rate is unknown."""
    down_percent: str | None
    """Of equity, signed, e.g. `-1.8`."""
    down_slipped: str | None
    """The same when stops slip 5 %."""
    down_slipped_percent: str | None
    up: str | None
    """Profit after +10 %."""
    up_percent: str | None
    asymmetry: float | None
    """What +10 % gains for each unit that -10 % loses; None where -10 % loses nothing."""
    asymmetry_slipped: float | None
    positions: int
    """Positions held, over accounts, instruments and owners."""
    protected: int
    """Of those, covered by stops that live AT the broker."""
    engine_only: tuple[str, ...]
    """Instruments whose protective order lives in this engine only."""
    unprotected: tuple[str, ...]
    """Instruments with a position that no stop covers."""
    why_not: str = ""
    """Why figures are missing; empty where none is."""


class SleeveRow(Message, frozen=True, kw_only=True):
    """One line of the house's books: a sleeve, the hand, or what nobody owns."""

    name: str
    """`hand` and `unclaimed` are owners too."""
    version: str | None
    """Short form, 4 digits; None for `hand` and `unclaimed`."""
    run: Literal["shadow", "live"]
    state: Literal["running", "warming", "paused", "failed", "stopped", ""]
    warm: float | None
    """Share of its history that is there, in [0, 1]; None when warm."""
    capital: str | None
    equity: str | None
    """Its sub-ledger at marks; None while a part cannot be valued."""
    bets: int
    """Settled in the window of the books."""
    expected: str | None
    """Sum of what those of the bets that stated an edge promised; None where none stated one."""
    expected_sd: str | None
    """Standard deviation of that sum."""
    actual: str | None
    """Sum of what all of the bets brought, fees in."""
    luck: float | None
    """(actual - expected) / sd over the bets that stated an edge."""
    edge: float | None
    """Mean result per settled bet, in R; None without a bet of known risk."""
    edge_low: float | None
    """Lower end of its 95 % interval."""
    edge_high: float | None
    settled: int
    """Bets of known risk that `edge` is measured on."""
    needed: int | None
    """Bets until the 95 % interval leaves zero if the edge stays what it was; None where the edge is 0 or unknown."""
    open_bets: int = 0
    note: str = ""
    """One thing to know, e.g. `AAPL 5: nobody owns it`, `changed on disk`."""


class HouseView(Message, frozen=True, kw_only=True):
    """`GET /v1/house`."""

    currency: str
    game: GameView | None
    """None: no objective is configured."""
    moves: MovesView
    rows: tuple[SleeveRow, ...]
    """Sleeves in their order, then `hand`, then `unclaimed` where it holds anything."""
    days: int
    """Window of the books."""
    pool: str | None
    """Free capital: equity less what sleeves, hand and unclaimed hold; None while unknown."""
    calibration: tuple[str, ...]
    """What was stated against what came, a line a tag, the worst first."""


class DecisionView(Message, frozen=True, kw_only=True):
    """One decision of a sleeve, and what the risk gate said to it."""

    ts: int
    """Engine time, ns UTC."""
    seq: int
    sleeve: str
    did: tuple[str, ...]
    """A short word per action: `hold`, `BUY 0.050 BTC/USD`, `cancel`."""
    symbol: str | None
    text: str
    """Why, with its values."""
    repeated: int
    """How often the same came again without change."""
    bound_by: str | None
    """Which bound decided the size."""
    edge: str | None = None
    """The chance to win that the size was measured by, in words; None: none was stated."""
    refused: str | None
    """What the gate refused and why; None: nothing."""


class Decisions(Message, frozen=True, kw_only=True):
    """`GET /v1/sleeves/{name}/decisions`, newest first."""

    decisions: list[DecisionView]
