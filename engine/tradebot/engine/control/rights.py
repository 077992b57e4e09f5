"""Who may do what: three kinds of token, three rights, one order between them."""

from typing import Final, Literal

import msgspec

type Right = Literal["read", "reduce", "full"]
"""What a route needs: `read` looks, `reduce` lowers risk, `full` adds risk or lifts a stop."""

type TokenKind = Literal["read-only", "reduce-only", "full"]
"""What a token is made for."""

RIGHTS: Final[dict[TokenKind, tuple[Right, ...]]] = {
    "read-only": ("read",),
    "reduce-only": ("read", "reduce"),
    "full": ("read", "reduce", "full"),
}
"""The rights of each kind."""

KIND_FOR: Final[dict[Right, TokenKind]] = {
    "read": "read-only",
    "reduce": "reduce-only",
    "full": "full",
}
"""The least kind that has a right."""


class Caller(msgspec.Struct, frozen=True):
    """Who sent a request."""

    name: str
    """Of the token, or `socket`."""
    kind: TokenKind
    made: int = 0
    """When the token was made, ns UTC: one of the same name made later is another."""

    def may(self, right: Right) -> bool:
        """Return whether the caller has a right."""
        return right in RIGHTS[self.kind]


SOCKET_OWNER: Final = Caller("socket", "full")
"""Whoever can open the unix socket: its folder is 0700, so it is the engine's own user."""
