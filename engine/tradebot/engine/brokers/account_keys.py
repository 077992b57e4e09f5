"""Which keys an account needs, for which hosts, and where they are kept; never the keys themselves."""

from tradebot.engine.brokers.binance.addresses import addresses_of
from tradebot.engine.config.models import AccountConfig
from tradebot.engine.credentials.errors import KeysError, KeysMissing
from tradebot.engine.credentials.hosts import VENUE_HOSTS, host_of
from tradebot.engine.credentials.places import Places


def where_kept(places: Places, account: str) -> tuple[str | None, tuple[str, ...], str | None]:
    """Return where an account's keys are, for which hosts, and what is wrong with them."""
    try:
        stored, place = places.find(account)
    except KeysMissing:
        return None, (), "no keys"
    except KeysError as error:
        return None, (), str(error)
    return place.where(account), stored.hosts, None


def needs_keys(config: AccountConfig) -> bool:
    """Return whether an account's venue asks for keys at all."""
    return (config.venue, config.kind) in VENUE_HOSTS or bool(_urls(config))


def hosts_of(config: AccountConfig) -> tuple[str, ...]:
    """Return the hosts an account's keys are for: those of its own addresses, else the venue's; none without keys.

    Raises:
        KeysRefused: If keys must not travel to a configured address.
    """
    own = tuple(dict.fromkeys(host_of(url) for url in _urls(config)))
    if own and config.base_url is not None:
        return own
    known = VENUE_HOSTS.get((config.venue, config.kind), ())
    return tuple(dict.fromkeys((*known, *own)))


def _urls(config: AccountConfig) -> list[str]:
    if config.venue == "binance" and config.base_url is not None:
        # Market data needs no key there; the private stream's host follows from the base where it is not given.
        addresses = addresses_of(config)
        return [addresses.base_url, addresses.private_url]
    urls = (config.base_url, config.data_url, config.stream_url, config.private_url)
    return [url for url in urls if url is not None]
