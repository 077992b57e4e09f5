"""The objective in words: what the game is, or how to set one."""

from tradebot.console.figures import brief_money
from tradebot.console.rows import Cell, Row, fit, named, plain, wrapped
from tradebot.engine.control.messages_house import GameView, HouseView

NAME_WIDTH = 12
HOW_TO = (
    "The game is a target to reach before a floor. In tradebot.toml:",
    "",
    "    [objective]",
    '    floor  = "-10%"        # or an amount: 21600',
    '    target = "+20%"',
    "    since  = 2026-12-01    # percentages are of the equity on that day",
    "",
    "tradebot config check looks at it; the engine takes it at its next start.",
)
UTILITIES = {
    "log": "log: the growth of the account",
    "target": "target: the chance of the target before the floor",
    "hybrid": "hybrid: growth, and the chance of the target before the floor",
    "crra": "crra: growth, averse to risk",
}


def objective_rows(house: HouseView | None, width: int) -> list[Row]:
    """Return what the account is played for."""
    game = None if house is None else house.game
    if game is None or house is None:
        return [(Cell(fit(f" {line}", width)),) for line in HOW_TO]
    facts = _facts(game, plain(house.currency))
    rows = [row for name, text in facts for row in named(name, text, width, NAME_WIDTH)]
    words = "It stands in tradebot.toml, [objective]; the engine takes it at its next start."
    return [*rows, (), *wrapped(words, width, "muted")]


def _facts(game: GameView, currency: str) -> list[tuple[str, str]]:
    """Return name and words of each part."""
    facts = [
        ("game", plain(game.text)),
        ("played for", UTILITIES[game.utility]),
        ("floor", f"{brief_money(game.floor)} {currency}"),
        ("target", f"{brief_money(game.target)} {currency}"),
        ("since", plain(game.since or "not told")),
        (
            "deadline",
            "none"
            if game.deadline is None
            else f"{plain(game.deadline)}; the chances leave it out",
        ),
        ("no edge", "the coin-flip chance is the place between floor and target"),
    ]
    if game.chance is None:
        facts.append(("your edge", plain(game.why_not) or "unknown"))
    else:
        facts.append(("your edge", f"from {game.settled} bets settled since then; 95 % interval"))
    return facts
