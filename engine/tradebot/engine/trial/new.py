"""`policy new`: a policy to begin with, a test that holds it to its word, and its table in tradebot.toml."""

import re
from pathlib import Path

import msgspec

from tradebot.engine.config.edit import with_sleeve
from tradebot.engine.live.errors import CannotRun

_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")

_POLICY = '''"""Hold what is above its mean; small risk, open upside.

It loses where price crosses its mean back and forth: each crossing costs a spread, two fees and often a stop.
"""

from decimal import Decimal

from tradebot.engine import (
    Bars,
    ContextMap,
    MarketSnapshot,
    OrderSeq,
    Params,
    PortfolioState,
    param,
    want,
    why,
)


class {klass}:
    """Long above the mean of the last minutes, flat below it."""

    class params(Params, frozen=True):  # noqa: N801
        """What it may be told; bounds are checked when it is loaded."""

        window: int = param(20, ge=2, le=60, doc="minutes in the mean")
        risk: Decimal = param("0.0025", gt=0, le="0.02", doc="of the capital, lost at the stop")
        reach: Decimal = param("3", gt=0, le=20, doc="of the stop, in average true ranges")

    needs = (Bars("1m", history=20),)

    def decide(
        self,
        portfolio: PortfolioState,
        snapshot: MarketSnapshot,
        context: ContextMap | None = None,
    ) -> OrderSeq:
        """Return what to hold now, and why."""
        p = self.params.of(context)
        bars = snapshot.bars("1m")
        window = min(p.window, len(bars))
        close, mean = bars.last.close, bars.mean(window)
        if close <= mean:
            return want.flat(because=why("below-mean", close=close, mean=mean))
        stop = bars.atr(min(14, window)) * p.reach
        if stop <= 0:
            return OrderSeq.none(because=why("market-stands-still"))
        return want.long(risk=p.risk, stop=stop, because=why("above-mean", close=close, mean=mean))
'''

_TEST = '''"""What `{name}` must keep to; run it with `pytest {test}`."""

from pathlib import Path

from tradebot.engine.home import data_folder
from tradebot.engine.live.clock import SystemClock
from tradebot.engine.trial.check import check_policy
from tradebot.engine.trial.trial import Trial


def test_it_is_pure_quick_and_does_not_look_ahead() -> None:
    trial = Trial(policy="{file}:{klass}", folders=(Path(__file__).parent,))
    checked = check_policy(trial, store=data_folder(), clock=SystemClock())
    assert checked.sound, [finding for finding in checked.findings if finding.level == "error"]
'''


class Written(msgspec.Struct, frozen=True):
    """What was written."""

    policy: Path
    test: Path
    configuration: Path
    reference: str


def write_policy(
    name: str, home: Path, *, symbol: str = "sandbox:BTCUSDT", account: str = "sandbox"
) -> Written:
    """Write a policy, its test and its sleeve's table; nothing is written where any of it is there already.

    Args:
        name: Of policy and sleeve: small letters, digits, `_`.
        home: Where tradebot.toml and `policies/` are.
        symbol: What the sleeve trades.
        account: Where.

    Raises:
        CannotRun: If the name is none, or a file is there.
        ConfigError: If the table is there, or tradebot.toml cannot be changed safely.
        OSError: If a file cannot be written.
    """
    if not _NAME.fullmatch(name):
        raise CannotRun(
            f"a policy's name must be small letters, digits and _, 1 to 31 of them, was {name!r}", 2
        )
    folder, configuration = home / "policies", home / "tradebot.toml"
    policy, test = folder / f"{name}.py", folder / f"test_{name}.py"
    for path in (policy, test):
        if path.exists():
            raise CannotRun(f"{path} is there already: choose another name, or remove it", 1)
    klass = "".join(part.capitalize() for part in name.split("_"))
    reference = f"{policy.name}:{klass}"
    text = configuration.read_text("utf-8") if configuration.exists() else ""
    changed = with_sleeve(
        text,
        name,
        {
            "policy": reference,
            "account": account,
            "symbols": (symbol,),
            "capital": "10%",
            "run": "shadow",
        },
    )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    facts = {"name": name, "klass": klass, "file": policy.name, "test": test.name}
    _write(policy, _POLICY.format(**facts))
    _write(test, _TEST.format(**facts))
    _write(configuration, changed)
    return Written(policy, test, configuration, reference)


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all, for the user alone."""
    whole = path.with_name(f".{path.name}.new")
    whole.touch(mode=0o600)
    whole.write_text(text, "utf-8")
    whole.replace(path)
