"""The places where keys may be: systemd credential, environment, the system's keyring, a file only we can read."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Protocol, override

from tradebot.engine.credentials.errors import KeysMissing, KeysUnusable
from tradebot.engine.credentials.keys import LENGTH_MAX, StoredKeys, read_keys
from tradebot.engine.secret import Secret

type PlaceName = Literal["systemd", "environment", "keyring", "file"]


class Place(Protocol):
    """Somewhere keys may be kept."""

    @property
    def name(self) -> PlaceName:
        """Return which one it is."""
        ...

    def where(self, account: str) -> str:
        """Return where exactly an account's keys would be, in words without secrets."""
        ...

    def read(self, account: str) -> Secret | None:
        """Return what is kept for an account, or None.

        Raises:
            KeysUnusable: If the place cannot be read or others could read it.
        """
        ...


class SystemdCredential:
    """`LoadCredential=` of the unit: a folder that only this service sees. Read-only."""

    name: PlaceName = "systemd"

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._folder = environ.get("CREDENTIALS_DIRECTORY")

    def where(self, account: str) -> str:
        """Return the credential's name."""
        return f"systemd credential {credential_name(account)}"

    def read(self, account: str) -> Secret | None:
        """Return the credential, or None."""
        if not self._folder:
            return None
        try:
            text = (Path(self._folder) / credential_name(account)).read_text("utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise KeysUnusable(f"{self.where(account)} cannot be read: {error}") from error
        return Secret(text.strip())


class EnvironmentVariable:
    """`TRADEBOT_KEY_ACCOUNT`; read-only, and other programs of this user can see it."""

    name: PlaceName = "environment"

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def where(self, account: str) -> str:
        """Return the variable's name."""
        return f"environment {variable_name(account)}"

    def read(self, account: str) -> Secret | None:
        """Return the variable's value, or None."""
        found = self._environ.get(variable_name(account))
        return Secret(found) if found else None


class KeyFile:
    """`TRADEBOT_HOME/keys/ACCOUNT.json`, mode 0600."""

    name: PlaceName = "file"

    def __init__(self, home: Path) -> None:
        self._folder = home / "keys"

    def where(self, account: str) -> str:
        """Return the file."""
        return f"file {self.path(account)}"

    def path(self, account: str) -> Path:
        """Return the file's path."""
        return self._folder / f"{account}.json"

    def read(self, account: str) -> Secret | None:
        """Return the file's text, or None."""
        path = self.path(account)
        try:
            file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise KeysUnusable(f"{path} cannot be read: {error.strerror}") from error
        with os.fdopen(file, "rb") as opened:
            info = os.fstat(opened.fileno())
            if info.st_uid != os.geteuid() or info.st_mode & 0o077:
                raise KeysUnusable(
                    f"{path} must be yours alone, was mode {info.st_mode & 0o777:04o} of uid {info.st_uid}: "
                    f"run chmod 600 {path}, and change the keys if others could have read them"
                )
            return Secret(opened.read(4 * LENGTH_MAX).decode(errors="replace"))

    def write(self, account: str, written: Secret) -> None:
        """Keep keys, whole or not at all.

        Raises:
            KeysUnusable: If the file cannot be written.
        """
        from tradebot.engine.journal.files import write_atomically

        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folder.chmod(0o700)
            write_atomically(self.path(account), written.reveal().encode())
        except OSError as error:
            raise KeysUnusable(f"{self._folder} cannot be written: {error.strerror}") from error

    def remove(self, account: str) -> bool:
        """Delete the file; return whether there was one."""
        try:
            self.path(account).unlink()
        except FileNotFoundError:
            return False
        return True


class Keyring:
    """The desktop's keyring, by the extra `ops`; each home folder has entries of its own."""

    name: PlaceName = "keyring"

    def __init__(self, home: Path) -> None:
        self._service = f"tradebot {home}"

    def where(self, account: str) -> str:
        """Return the entry."""
        return f"keyring entry {self._service!r}, {account}"

    def usable(self) -> bool:
        """Return whether there is a keyring that keeps things."""
        try:
            import keyring
            from keyring.backends.fail import Keyring as Nowhere
        except ImportError:
            return False
        return not isinstance(keyring.get_keyring(), Nowhere)

    def read(self, account: str) -> Secret | None:
        """Return the entry, or None, also where there is no keyring."""
        if not self.usable():
            return None
        import keyring
        from keyring.errors import KeyringError

        try:
            found = keyring.get_password(self._service, account)
        except KeyringError as error:
            raise KeysUnusable(f"the keyring cannot be read: {error}; unlock it") from error
        return Secret(found) if found else None

    def write(self, account: str, written: Secret) -> None:
        """Keep keys.

        Raises:
            KeysUnusable: If the keyring is locked or not there.
        """
        import keyring
        from keyring.errors import KeyringError

        try:
            keyring.set_password(self._service, account, written.reveal())
        except KeyringError as error:
            raise KeysUnusable(
                f"the keyring cannot be written: {error}; unlock it, or use --in file"
            ) from error

    def remove(self, account: str) -> bool:
        """Delete the entry; return whether there was one."""
        if self.read(account) is None:
            return False
        import keyring

        keyring.delete_password(self._service, account)
        return True


class Places:
    """All of them, in the order in which they are asked."""

    def __init__(self, environ: Mapping[str, str], home: Path) -> None:
        self.file = KeyFile(home)
        self.keyring = Keyring(home)
        self.all: tuple[Place, ...] = (
            SystemdCredential(environ),
            EnvironmentVariable(environ),
            self.keyring,
            self.file,
        )

    def find(self, account: str) -> tuple[StoredKeys, Place]:
        """Return an account's keys and where they were found: the first place that has some.

        Raises:
            KeysMissing: If none has.
            KeysUnusable: If one has, but not in a form that can be used.
        """
        for place in self.all:
            found = place.read(account)
            if found is not None:
                return read_keys(account, found, place.where(account)), place
        raise KeysMissing(
            f"no keys for {account}: not in {', '.join(place.where(account) for place in self.all)}; "
            f"store them with tradebot keys set {account}"
        )

    @override
    def __repr__(self) -> str:
        return "Places()"


def variable_name(account: str) -> str:
    """Return the variable that may hold an account's keys; never one that configuration would read."""
    return "TRADEBOT_KEY_" + re.sub(r"[^A-Z0-9]+", "_", account.upper())


def credential_name(account: str) -> str:
    """Return the name of an account's systemd credential."""
    return f"tradebot.{account}"
