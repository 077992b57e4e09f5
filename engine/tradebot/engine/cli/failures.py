"""How a command fails: one line that says what, the value, the bound, the remedy; and an exit code."""

from typing import Final

DONE: Final = 0
FAILED: Final = 1
USAGE: Final = 2
CONFIGURATION: Final = 3
UNREACHABLE: Final = 4
REFUSED: Final = 5
INTERRUPTED: Final = 130


class CommandFailed(Exception):  # noqa: N818  (what happened, not a kind of error)
    """A command cannot go on; the text is one line."""

    def __init__(self, text: str, exit_code: int = FAILED) -> None:
        super().__init__(text)
        self.exit_code = exit_code


def not_yet(what: str) -> CommandFailed:
    """Return the failure of something the contract names and a later version brings."""
    return CommandFailed(f"not yet: {what}", USAGE)


_JOURNAL = "tradebot.engine.journal.errors"
_CODES: Final = {
    (_JOURNAL, "StateFolderMissing"): UNREACHABLE,
    (_JOURNAL, "StateFolderRefused"): CONFIGURATION,
    (_JOURNAL, "SocketPathTooLong"): CONFIGURATION,
    (_JOURNAL, "StateFolderError"): FAILED,
    (_JOURNAL, "JournalError"): FAILED,
    ("tradebot.engine.control.listeners", "ListenError"): CONFIGURATION,
    ("tradebot.engine.control.tokens", "TokenError"): CONFIGURATION,
    ("tradebot.engine.policy_source.errors", "PolicyNotLoaded"): CONFIGURATION,
    ("tradebot.data.errors", "DataError"): FAILED,
    ("builtins", "OSError"): FAILED,
}
"""Exit codes of the house's errors, by name: naming a class must not import its room."""


def explain(error: BaseException) -> tuple[str, int]:
    """Return one line and the exit code of what a command raised."""
    code = getattr(error, "exit_code", None)
    if isinstance(code, int):
        return one_line(str(error)), code
    for kind in type(error).__mro__:
        known = _CODES.get((kind.__module__, kind.__name__))
        if known is not None:
            return one_line(str(error)), known
    kind = type(error).__name__
    return f"{kind}: {one_line(str(error))}; run it again with --debug for the traceback", FAILED


def one_line(text: str) -> str:
    """Return a text without line breaks."""
    return " ".join(text.split())
