"""Which mode an account is of, by the host it talks to, and the addresses of each venue's own hosts."""

import msgspec

from tradebot.engine.config.models import AccountConfig, mode_of_host
from tradebot.engine.core.types import Mode


class Addresses(msgspec.Struct, frozen=True, kw_only=True):
    """Where one account's or market's requests go."""

    base_url: str
    """REST, orders and account."""
    stream_url: str
    """Market streams."""
    private_url: str
    """Private stream."""
    data_url: str
    """REST, market data."""

    @property
    def mode(self) -> Mode:
        """Return the mode its hosts stand for: the one of the host that orders go to."""
        return mode_of_host(self.base_url)


class ModeContradicted(Exception):  # noqa: N818  (what is the matter)
    """A configured mode is not the one its host stands for; the text says both."""


def require_mode(name: str, config: AccountConfig, addresses: Addresses) -> None:
    """Refuse an account whose hosts are of another mode than it is configured for.

    Args:
        name: The account's name.
        config: As configured.
        addresses: Where its requests would really go.

    Raises:
        ModeContradicted: Naming address, its mode and the configured one.
    """
    for url in (addresses.base_url, addresses.private_url):
        told = mode_of_host(url)
        if config.kind not in {told, "paper"}:
            raise ModeContradicted(
                f"accounts.{name}.kind is {config.kind!r} and {url} is {told!r}: "
                f"set kind = {told!r}, or give it an address of a {config.kind} host"
            )
