"""`python -m tradebot.engine.cli` is the `tradebot` command."""

import sys

from tradebot.engine.cli import main

if __name__ == "__main__":
    sys.exit(main())
