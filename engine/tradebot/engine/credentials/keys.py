"""An account's keys with the hosts they belong to, and their one written form."""

import msgspec

from tradebot.engine.credentials.errors import KeysUnusable
from tradebot.engine.credentials.hosts import require_host
from tradebot.engine.secret import Secret

LENGTH_MAX = 10_000
"""Longest key or secret, in characters; an Ed25519 PEM block fits."""


class StoredKeys:
    """What is kept for one account; the keys leave only by `hand_out`, for an address."""

    def __init__(self, account: str, hosts: tuple[str, ...], key: Secret, secret: Secret) -> None:
        self.account = account
        self.hosts = hosts
        """Hosts the keys may be sent to, as `hosts.host_of` writes them."""
        self._key = key
        self._secret = secret

    def hand_out(self, url: str) -> tuple[Secret, Secret]:
        """Return key and secret for a request to an address.

        Raises:
            KeysRefused: If they were not stored for its host.
        """
        require_host(self.account, self.hosts, url)
        return self._key, self._secret

    def written(self) -> Secret:
        """Return the written form, for a place to keep."""
        record = _Record(hosts=self.hosts, key=self._key.reveal(), secret=self._secret.reveal())
        return Secret(msgspec.json.encode(record).decode())


class _Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    hosts: tuple[str, ...]
    key: str
    secret: str


def read_keys(account: str, written: Secret, place: str) -> StoredKeys:
    """Return keys from their written form.

    Args:
        account: Whose.
        written: `{"hosts": [...], "key": "...", "secret": "..."}`.
        place: Where it was found, for the message.

    Raises:
        KeysUnusable: If it is not that form; what was found is not shown.
    """
    try:
        record = msgspec.json.decode(written.reveal(), type=_Record)
    except msgspec.DecodeError:
        record = None  # the error's text may hold what was found
    if record is None or not record.hosts or not record.key:
        raise KeysUnusable(
            f"{place} must hold the keys of {account} as "
            '{"hosts": ["HOST"], "key": "...", "secret": "..."}; write them again: '
            f"tradebot keys set {account}"
        )
    return StoredKeys(account, record.hosts, Secret(record.key), Secret(record.secret))
