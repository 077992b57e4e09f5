"""What can be wrong with keys.

KeysError
    KeysMissing
    KeysRefused
    KeysUnusable
"""


class KeysError(Exception):
    """Root; the text is one line and never holds a key."""

    exit_code = 3


class KeysMissing(KeysError):  # noqa: N818  (what happened, for one line)
    """No place has keys for the account."""


class KeysRefused(KeysError):  # noqa: N818  (as above)
    """Keys are not handed out for this address."""


class KeysUnusable(KeysError):  # noqa: N818  (as above)
    """A place cannot be read or written, or what it holds is not keys."""
