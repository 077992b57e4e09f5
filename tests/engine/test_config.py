"""tradebot.toml: defaults by mode, origins, overrides, and one line for everything that is wrong."""

import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.engine.config.errors import ConfigError
from tradebot.engine.config.load import Loaded, load
from tradebot.engine.config.locate import locate_keys
from tradebot.engine.config.models import MODES, mode_of_host
from tradebot.engine.config.name import engine_name
from tradebot.engine.config.template import TEMPLATE
from tradebot.engine.config.values import (
    DayStart,
    Money,
    Share,
    parse_percent,
    percent_text,
)
from tradebot.engine.core.limits import default_limits
from tradebot.engine.core.types import Mode
from tradebot.engine.home import engine_folder, home

type Configured = Callable[..., Loaded]

SLEEVE = """
[sleeves.trend-btc]
policy = "trend.py:Trend"
symbols = ["sandbox:BTCUSDT"]
capital = "6000 USD"
params = { window = 50, risk = 0.0025, fast = true }
limits = { day_loss = "1%", orders_per_minute = 5 }
"""


@pytest.fixture
def configured(tmp_path: Path) -> Configured:
    """Return the configuration as a function of the file's text and the environment."""

    def configure(text: str | None = None, **environ: str) -> Loaded:
        if text is not None:
            (tmp_path / "tradebot.toml").write_text(text)
        return load(environ, tmp_path)

    return configure


def refusal(configured: Configured, text: str | None, **environ: str) -> str:
    with pytest.raises(ConfigError) as raised:
        configured(text, **environ)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def origin(loaded: Loaded, key: str) -> str:
    return next(setting.origin for setting in loaded.settings if setting.key == key)


@pytest.mark.parametrize("mode", MODES)
def test_the_limits_without_a_file_are_the_gates_own_defaults(
    configured: Configured, mode: Mode
) -> None:
    loaded = configured(TRADEBOT_ENGINE__MODE=mode)
    assert loaded.config.risk.limits() == default_limits(mode)
    assert loaded.config.engine.protect_at == ("broker" if mode == "live" else "any")
    assert origin(loaded, "risk.max_order") == f"default for {mode}"


def test_every_limit_of_the_gate_can_be_configured(configured: Configured) -> None:
    text = """
    [risk]
    max_order = "1%"
    max_position = "2%"
    max_gross = "3%"
    max_open_risk = "4%"
    day_loss = "5%"
    drawdown = "6%"
    price_collar = "7%"
    price_collar_wide = "8%"
    wide_spread = "9%"
    unprotected_risk = "10%"
    orders_per_minute = { hand = 11, sleeve = 12 }
    rejects_in_row = 13
    """
    values = msgspec.structs.astuple(configured(text).config.risk.limits())
    hundredths = [Decimal(number) / 100 for number in range(1, 9)]
    assert list(values) == [*hundredths, 11, 12, 13, Decimal("0.10"), Decimal("0.09")]


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(
    configured: Configured, tmp_path: Path
) -> None:
    loaded = configured(
        '[risk]\nmax_order = "7%"\nmax_gross = "90%"\n', TRADEBOT_RISK__MAX_GROSS="150%"
    )
    risk = loaded.config.risk
    assert (risk.max_order, risk.max_gross, risk.max_position) == (
        Decimal("0.07"),
        Decimal("1.5"),
        Decimal(1),
    )
    assert origin(loaded, "risk.max_order") == f"{tmp_path / 'tradebot.toml'}:2"
    assert origin(loaded, "risk.max_gross") == "TRADEBOT_RISK__MAX_GROSS"
    assert origin(loaded, "risk.max_position") == "default for sandbox"
    assert origin(loaded, "console.theme") == "default"


def test_names_with_hyphens_are_reached_from_the_environment(configured: Configured) -> None:
    loaded = configured(
        SLEEVE,
        TRADEBOT_SLEEVES__TREND_BTC__RUN="live",
        TRADEBOT_SLEEVES__TREND_BTC__PARAMS__WINDOW="60",
        TRADEBOT_SLEEVES__TREND_BTC__SYMBOLS='["sandbox:BTCUSDT", "sandbox:ETHUSDT"]',
        TRADEBOT_SLEEVES__TREND_BTC__LIMITS__DAY_LOSS="2%",
    )
    sleeve = loaded.config.sleeves["trend-btc"]
    assert sleeve.run == "live"
    assert sleeve.params == {"window": 60, "risk": Decimal("0.0025"), "fast": True}
    assert sleeve.symbols == ("sandbox:BTCUSDT", "sandbox:ETHUSDT")
    assert sleeve.limits.day_loss == Decimal("0.02")
    assert sleeve.limits.orders_per_minute == 5


def test_a_sleeve_can_come_from_the_environment_alone(configured: Configured) -> None:
    loaded = configured(
        TRADEBOT_SLEEVES__A='{policy = "a.py:A", symbols = ["s:X"], capital = "25%"}',
        TRADEBOT_HOME="/elsewhere",
    )
    assert loaded.file is None
    assert loaded.config.sleeves["a"].capital == Share(Decimal("0.25"))
    assert origin(loaded, "sleeves.a.capital") == "TRADEBOT_SLEEVES__A"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[risk]\nmax_ordr = "5%"', ":2: unknown key risk.max_ordr; did you mean max_order?"),
        ("[rsk]\n", ":1: unknown key rsk; did you mean risk?"),
        (
            SLEEVE + "capitol = 1",
            ":8: unknown key sleeves.trend-btc.capitol; did you mean capital?",
        ),
        (
            SLEEVE.replace("day_loss", "day_los"),
            ":7: unknown key sleeves.trend-btc.limits.day_los; did you mean day_loss?",
        ),
        ("[console]\nzzz = 1", ":2: unknown key console.zzz; known: glyphs, show_times, theme"),
        ("[accounts.a]\nvnue = 1", "unknown key accounts.a.vnue; did you mean venue?"),
        ("[risk]\nmax_order = 5", 'max_order: must be a percentage in quotes such as "5%", was 5'),
        ("[risk]\nmax_order = 0.05", "must be a percentage in quotes such as"),
        ('[risk]\nmax_order = "-5%"', "risk.max_order: must be in (0%, 10000%], was '-5%'"),
        ('[risk]\nday_loss = "of"', "must be a percentage in quotes such as \"5%\", was 'of'; or"),
        ("[risk]\nrejects_in_row = true", "must be a whole number, was true"),
        ("[risk]\nrejects_in_row = 0", "greater than or equal to 1, was 0"),
        ("[risk]\norders_per_minute = { hand = 3 }", "orders_per_minute.sleeve is missing"),
        (
            "[risk]\norders_per_minute = []",
            "must be a number or { hand = 10, sleeve = 30 }, was []",
        ),
        ('[engine]\nmode = "lve"', ":2: engine.mode: Input should be 'sandbox', 'paper'"),
        ('[engine]\nname = "A b"', "engine.name: String should match pattern"),
        ('[engine]\nday_starts = "25:00 UTC"', "must be a time and a zone such as"),
        ('[engine]\nday_starts = "05:00 Mars/X"', "zone must be in the IANA database"),
        ('[engine]\nday_starts = "05:00 ../../etc/passwd"', "zone must be in the IANA database"),
        ('[engine]\non_ui_loss = "flatten"', "Input should be 'keep', was 'flatten'"),
        ("engine = 3", "engine: Input should be a valid dictionary"),
        ("[engine", "is not TOML: Expected ']'"),
        (SLEEVE.replace("6000 USD", "6000"), 'must be an amount such as "6000 USD" or a share'),
        (SLEEVE.replace("6000 USD", "120%"), 'must be > 0 and a share at most "100%"'),
        (SLEEVE.replace("6000 USD", "0 USD"), "must be > 0"),
        (SLEEVE + 'account = "x"', "sleeves.trend-btc.account must be one of sandbox, was 'x'"),
        ('[sleeves.a]\npolicy = "a.py:A"\n', ":1: sleeves.a.symbols is missing; it has no default"),
        (
            (
                '[accounts.a]\nvenue = "alpaca"\nkind = "broker-paper"\n'
                'base_url = "https://api.alpaca.markets"'
            ),
            "kind must be 'live', as base_url https://api.alpaca.markets says, was 'broker-paper'",
        ),
    ],
)
def test_what_is_wrong_is_told_in_one_line_with_its_place(
    configured: Configured, text: str, message: str
) -> None:
    assert message in refusal(configured, text)


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("TRADEBOT_RISK__MAX_ORDR", "5%", "unknown key risk.max_ordr; did you mean max_order?"),
        ("TRADEBOT_RSK__MAX_ORDER", "5%", "unknown key rsk; did you mean risk?"),
        ("TRADEBOT_RISK__MAX_ORDER", "5", "risk.max_order: must be a percentage"),
        ("TRADEBOT_RISK__MAX_ORDER__X", "5", "max_order is a value, not a table"),
        ("TRADEBOT_SLEEVES__A__SYMBOLS", "[x", "must be TOML when it begins so, was '[x'"),
    ],
)
def test_what_the_environment_says_wrong_names_the_variable(
    configured: Configured, variable: str, value: str, message: str
) -> None:
    told = refusal(configured, '[risk]\nmax_order = "5%"\n', **{variable: value})
    assert told.startswith(variable)
    assert message in told


@pytest.mark.parametrize("permissions", [0o666, 0o620, 0o602])
def test_a_file_that_others_can_write_is_refused_with_the_remedy(
    configured: Configured, tmp_path: Path, permissions: int
) -> None:
    path = tmp_path / "tradebot.toml"
    path.write_text("")
    path.chmod(permissions)
    assert f"run chmod go-w {path}" in refusal(configured, None)
    with pytest.raises(ConfigError, match="writable by you alone"):
        engine_name({}, tmp_path)


def test_a_file_of_somebody_else_is_refused(
    configured: Configured, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured("")
    monkeypatch.setattr("os.getuid", lambda: os.geteuid() + 1)
    assert "must belong to you" in refusal(configured, None)


def test_a_folder_or_a_binary_in_the_files_place_is_refused(
    configured: Configured, tmp_path: Path
) -> None:
    path = tmp_path / "tradebot.toml"
    path.mkdir()
    assert "must be a file, was d" in refusal(configured, None)
    path.rmdir()
    path.write_bytes(b"\xff\xfe")
    assert "must be UTF-8" in refusal(configured, None)


def test_the_written_template_says_only_what_holds_without_it(configured: Configured) -> None:
    plain = configured()
    assert configured(TEMPLATE).config == plain.config


def test_every_line_of_the_template_is_a_key_that_is_known(configured: Configured) -> None:
    lines = [line.removeprefix("# ") for line in TEMPLATE.splitlines()]
    keys = [line for line in lines if line.startswith("[") or " = " in line.partition("#")[0]]
    text = "\n".join(key for key in keys if not key.startswith("`")).replace(
        "https://...", "https://x.y"
    )
    loaded = configured(text)
    assert loaded.config.sleeves["trend-btc"].params == {"window": 50}
    assert loaded.config.objective.floor == Share(Decimal("-0.1"))


def test_the_name_is_found_without_checking_the_rest(tmp_path: Path) -> None:
    assert engine_name({}, tmp_path) == "main"
    (tmp_path / "tradebot.toml").write_text('[engine]\nname = "alpha"\n[risk]\nbroken = 1\n')
    assert engine_name({}, tmp_path) == "alpha"
    assert engine_name({"TRADEBOT_ENGINE__NAME": "beta"}, tmp_path) == "beta"


def test_an_engines_name_cannot_leave_the_folder_of_engines(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TRADEBOT_HOME", str(tmp_path))
    assert engine_folder("main") == tmp_path / "engines" / "main" == home() / "engines" / "main"
    for name in ("", "..", "a/b", ".a", "A", "x" * 33):
        with pytest.raises(ValueError, match="name must be 1 to 32"):
            engine_folder(name)


@pytest.mark.parametrize(
    ("text", "minute"),
    [("00:00 UTC", 0), ("17:30 UTC", 17 * 60 + 30), ("17:00 America/New_York", 17 * 60)],
)
def test_the_day_begins_by_the_zones_own_clock(
    configured: Configured, text: str, minute: int
) -> None:
    starts = configured(f'[engine]\nday_starts = "{text}"\n').config.engine.day_starts
    assert str(starts) == text
    assert starts.minute_of_day == minute


def test_money_and_days_are_written_as_they_are_read() -> None:
    assert str(Money(Decimal("6000.50"), "USD")) == "6000.50 USD"
    assert str(DayStart(9, 5, "UTC")) == "09:05 UTC"


@given(st.decimals(min_value=-1000, max_value=1000, places=4))
def test_a_percentage_comes_back_as_it_was_written(fraction: Decimal) -> None:
    assert parse_percent(percent_text(fraction)) == fraction


@given(st.one_of(st.text(), st.integers(), st.floats(), st.none(), st.lists(st.integers())))
def test_whatever_is_no_percentage_is_refused(value: object) -> None:
    try:
        parsed = parse_percent(value)
    except ValueError as error:
        assert str(error).startswith("must be a percentage")  # noqa: PT017  (either way is right)
    else:
        assert isinstance(value, str)
        assert parsed.is_finite()


@given(st.text(max_size=200))
def test_keys_are_located_in_any_text(text: str) -> None:
    count = len(text.splitlines())
    assert all(1 <= line <= count for line in locate_keys(text).values())


@pytest.mark.parametrize(
    ("url", "mode"),
    [
        ("https://api.alpaca.markets", "live"),
        ("wss://stream.binance.com:9443/ws", "live"),
        ("https://user@API.binance.com/x", "live"),
        ("https://paper-api.alpaca.markets", "broker-paper"),
        ("https://testnet.binance.vision", "broker-paper"),
        ("http://127.0.0.1:8080", "sandbox"),
        ("https://api.alpaca.markets.evil.org", "sandbox"),
    ],
)
def test_the_mode_follows_the_host(url: str, mode: Mode) -> None:
    assert mode_of_host(url) == mode


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ('floor = "-10%"', "floor and target go together: target is missing"),
        ('target = "20%"', "floor and target go together: floor is missing"),
        ('utility = "target"', "needs a floor and a target"),
        ('floor = "10%"\ntarget = "20%"', "floor must be in"),
        ('floor = "-10%"\ntarget = "0%"', "target must be above"),
        ('floor = "9 USD"\ntarget = "8 USD"', "floor must be below target"),
        (
            'floor = "-10%"\ntarget = "20%"\nsince = 2027-01-02\ndeadline = 2027-01-01',
            "deadline must be after since",
        ),
    ],
)
def test_a_game_that_cannot_be_played_is_refused(
    configured: Configured, lines: str, says: str
) -> None:
    with pytest.raises(ConfigError, match=says):
        configured(f"[objective]\n{lines}\n")
