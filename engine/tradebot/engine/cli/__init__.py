"""The `tradebot` command. Nothing heavy is imported here: `tradebot --help` answers from the table of verbs."""

import sys


def main() -> int:
    """Run the command line of this process and return its exit code.

    0 done; 1 the operation failed or a check found differences; 2 wrong usage; 3 configuration or credentials; 4 no
    engine or venue reachable; 5 refused by risk or safety.
    """
    from tradebot.engine.cli.dispatch import run_command

    return run_command(sys.argv[1:])
