"""One thing a doctor looked at."""

import msgspec


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen, and what to do about it."""

    name: str
    ok: bool
    text: str
    remedy: str | None = None
