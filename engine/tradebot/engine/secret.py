"""A text nobody may read by accident: a key, a token, an address with a password in it."""

import hmac
from typing import NoReturn, Self, override

HIDDEN = "***"
"""What stands where a secret is."""


class Secret(str):
    """A secret text that is `***` to `str`, `repr`, `format`, logs, JSON and everything else that wants text.

    It is a `str` whose characters are `***`, so that also code that never heard of it cannot print what it holds; only
    `reveal` gives that. It cannot be pickled and its comparison takes the same time wherever two secrets differ.
    """

    __slots__ = ("_hidden",)
    _hidden: str

    def __new__(cls, hidden: str, shown: str = HIDDEN) -> Self:
        """Hide a text.

        Args:
            hidden: The secret.
            shown: What stands in its place; say no more than the kind, e.g. `ntfy://***`.
        """
        made = super().__new__(cls, shown)
        made._hidden = hidden
        return made

    def reveal(self) -> str:
        """Return the secret itself, for the one place that needs it."""
        return self._hidden

    @override
    def __repr__(self) -> str:
        return str.__str__(self)

    @override
    def __eq__(self, other: object) -> bool:
        # False, not NotImplemented: then `str` would compare the stars.
        return isinstance(other, Secret) and hmac.compare_digest(
            self._hidden.encode(), other._hidden.encode()
        )

    @override
    def __ne__(self, other: object) -> bool:
        return not self == other

    @override
    def __hash__(self) -> int:
        return hash((Secret, self._hidden))

    @override
    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret cannot be pickled or copied: reveal it where it is needed")
