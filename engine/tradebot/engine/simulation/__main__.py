"""`python -m tradebot.engine.simulation`: what `make simulate` runs."""

import argparse
import logging
import os
import sys
import time

import msgspec
import structlog

from tradebot.engine.simulation.campaign import Campaign, failure_line
from tradebot.engine.simulation.plan import FAULT_KINDS, TONGUES
from tradebot.engine.simulation.seed import run_seed


def main() -> int:
    """Run seeds; return 1 if one found something."""
    parser = argparse.ArgumentParser(prog="simulate", description=__doc__)
    parser.add_argument("--seeds", type=int, default=100, help="how many seeds to run")
    parser.add_argument("--first", type=int, default=1, help="the first of them")
    parser.add_argument("--seed", type=int, default=None, help="this one alone")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--explain", action="store_true", help="tell all that happens in a seed")
    parser.add_argument(
        "--until-found", action="store_true", help="end with the first failing seed"
    )
    parser.add_argument(
        "--without", default="", help="kinds of faults that shall not strike, by comma"
    )
    parser.add_argument(
        "--speaks",
        choices=TONGUES,
        default=None,
        help="let the venue speak a broker's bytes, decoded by its adapter",
    )
    asked = parser.parse_args()
    without = frozenset(asked.without.split(","))
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    if asked.explain or asked.seed is not None:
        seed = asked.first if asked.seed is None else asked.seed
        result = run_seed(
            seed, _say if asked.explain else None, without, trace=True, speaks=asked.speaks
        )
        _say(failure_line(result, asked.speaks))
        _say(msgspec.json.encode(result).decode())
        return 1 if result.failure is not None else 0
    began = time.monotonic_ns()
    campaign = Campaign(
        asked.first,
        asked.seeds,
        asked.workers,
        _say,
        until_found=asked.until_found,
        without=without,
        speaks=asked.speaks,
    )
    totals = campaign.run()
    totals.seconds = round((time.monotonic_ns() - began) / 1e9, 1)
    shares = {
        kind: round(campaign.seeds_with[kind] / max(totals.seeds, 1), 3) for kind in FAULT_KINDS
    }
    _say(f"share of seeds in which each kind struck: {shares}")
    _say(msgspec.json.encode(totals).decode())
    return 1 if totals.failed else 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
