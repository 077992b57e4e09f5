"""What happens in a golden run: every word of the command line that leaves something in the record."""

from typing import NamedTuple

CONFIGURATION = """
[engine]
mode = "sandbox"

[sleeves.quoter]
policy = "quoter.py:Touch"
symbols = ["sandbox:BTCUSDT"]
capital = "20%"
run = "live"
params = { patience_ms = 8_000 }

[sleeves.counting]
policy = "counting.py:Counting"
symbols = ["sandbox:BTCUSDT"]
capital = "20%"
run = "live"
limits = { day_loss = "50%" }

[sleeves.watcher]
policy = "counting.py:Counting"
symbols = ["sandbox:BTCUSDT"]
capital = "10%"
run = "shadow"

[objective]
utility = "hybrid"
floor = "-50%"
target = "+50%"
"""


class Words(NamedTuple):
    """A command and the exit code it must have."""

    words: tuple[str, ...]
    code: int = 0


BTC = "sandbox:BTCUSDT"

BRACKET = (
    *("buy", "0.01", BTC, "--market", "--yes"),
    *("--stop-loss", "1000", "--take-profit", "900000"),
)

ARM = Words(("arm",))
"""Said through the client: on the command line it is typed at a terminal."""

FIRST_LIFE = (
    Words(("buy", "0.05", BTC, "--market", "--yes", "--id", "golden-1")),
    Words(("buy", "0.05", BTC, "--market", "--yes", "--id", "golden-1")),
    Words(("buy", "900", BTC, "--market", "--yes", "--id", "golden-denied"), 5),
    Words(("buy", "0.02", BTC, "--limit", "1000", "--yes", "--id", "golden-far"), 1),
    Words(("sell", "0.01", BTC, "--market", "--reduce-only", "--yes")),
    Words((*BRACKET, "--id", "golden-bracket")),
    Words((*BRACKET, "--edge", "40%", "--note", "golden", "--id", "golden-bet")),
    ARM,
    Words(("disarm",)),
    Words(("policy", "capital", "counting", "15%")),
    Words(("policy", "reload", "counting", "--fresh", "--yes")),
    Words(("pause", "quoter", "--reason", "golden pause")),
    Words(("resume", "quoter", "--reason", "golden resume")),
    Words(("halt", "--reason", "golden halt")),
    Words(("resume", "--reason", "golden lift")),
    Words(("flatten", BTC)),
)

SECOND_LIFE = (
    Words(("resume", "--reason", "golden second life")),
    Words(("sell", "0.04", BTC, "--market", "--yes", "--id", "golden-2")),
    Words(("kill",)),
    Words(("resume", "--reason", "golden lift again")),
    Words(("buy", "0.01", BTC, "--market", "--yes", "--id", "golden-3")),
)
