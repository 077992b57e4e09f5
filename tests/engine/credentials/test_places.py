"""Where keys may be, in which order they are asked, and what is refused."""

from collections.abc import Iterator
from pathlib import Path
from typing import override

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as Nowhere

from tradebot.engine.credentials.errors import KeysMissing, KeysUnusable
from tradebot.engine.credentials.keys import StoredKeys
from tradebot.engine.credentials.places import Places, credential_name, variable_name
from tradebot.engine.secret import Secret

URL = "https://api.binance.com/api"


class InMemory(KeyringBackend):
    """A keyring for tests."""

    priority = 1  # pyright: ignore[reportAssignmentType]  (keyring declares a class property)

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[tuple[str, str], str] = {}

    @override
    def get_password(self, service: str, username: str) -> str | None:
        return self.held.get((service, username))

    @override
    def set_password(self, service: str, username: str, password: str) -> None:
        self.held[service, username] = password

    @override
    def delete_password(self, service: str, username: str) -> None:
        del self.held[service, username]


@pytest.fixture
def ring() -> Iterator[InMemory]:
    """Give a keyring that is only this test's."""
    before = keyring.get_keyring()
    made = InMemory()
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


@pytest.fixture(autouse=True)
def no_ring() -> Iterator[None]:
    """Never ask the user's own keyring."""
    before = keyring.get_keyring()
    keyring.set_keyring(Nowhere())
    yield
    keyring.set_keyring(before)


def written(key: str) -> Secret:
    return StoredKeys("main", ("api.binance.com",), Secret(key), Secret("s")).written()


def key_of(places: Places) -> tuple[str, str]:
    stored, place = places.find("main")
    return place.name, stored.hand_out(URL)[0].reveal()


def test_a_file_is_0600_in_a_folder_that_is_0700(tmp_path: Path) -> None:
    places = Places({}, tmp_path)
    places.file.write("main", written("from-file"))
    path = places.file.path("main")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert key_of(places) == ("file", "from-file")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_file_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    places = Places({}, tmp_path)
    places.file.write("main", written("from-file"))
    places.file.path("main").chmod(mode)
    with pytest.raises(KeysUnusable, match="must be yours alone") as error:
        places.find("main")
    assert "from-file" not in str(error.value)


def test_a_link_in_the_place_of_a_key_file_is_refused(tmp_path: Path) -> None:
    places = Places({}, tmp_path)
    places.file.write("main", written("from-file"))
    path = places.file.path("main")
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(KeysUnusable, match="cannot be read"):
        places.find("main")


def test_systemd_comes_before_the_environment_before_the_keyring_before_the_file(
    tmp_path: Path, ring: InMemory
) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    environ = {
        "CREDENTIALS_DIRECTORY": str(credentials),
        "TRADEBOT_KEY_MAIN": written("from-environment").reveal(),
    }
    (credentials / "tradebot.main").write_text(written("from-systemd").reveal())
    home = tmp_path / "home"
    places = Places(environ, home)
    places.file.write("main", written("from-file"))
    places.keyring.write("main", written("from-keyring"))
    assert key_of(places) == ("systemd", "from-systemd")
    (credentials / "tradebot.main").unlink()
    assert key_of(places) == ("environment", "from-environment")
    assert key_of(Places({}, home)) == ("keyring", "from-keyring")
    assert places.keyring.remove("main")
    assert not places.keyring.remove("main")
    assert key_of(Places({}, home)) == ("file", "from-file")
    assert places.file.remove("main")
    with pytest.raises(KeysMissing, match="tradebot keys set main"):
        Places({}, home).find("main")
    assert not ring.held


def test_another_home_has_other_keyring_entries(tmp_path: Path, ring: InMemory) -> None:
    Places({}, tmp_path / "a").keyring.write("main", written("of-a"))
    with pytest.raises(KeysMissing):
        Places({}, tmp_path / "b").find("main")
    assert len(ring.held) == 1


def test_names_of_variables_are_never_overrides_of_the_configuration() -> None:
    assert variable_name("alpaca-paper") == "TRADEBOT_KEY_ALPACA_PAPER"
    assert "__" not in variable_name("a__b.-c")
    assert credential_name("alpaca-paper") == "tradebot.alpaca-paper"
