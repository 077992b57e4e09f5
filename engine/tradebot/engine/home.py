"""Where everything is kept: TRADEBOT_HOME, or the platform's folder for a user's data."""

import os
import re
from pathlib import Path

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")


def home() -> Path:
    """Return the folder that holds configuration, engines, data and policies; it may not exist yet."""
    given = os.environ.get("TRADEBOT_HOME")
    if given:
        return Path(given).expanduser().absolute()
    import platformdirs

    return platformdirs.user_data_path("tradebot", appauthor=False)


def data_folder() -> Path:
    """Return the folder of the store of datasets."""
    return home() / "data"


def engine_folder(name: str) -> Path:
    """Return the state folder of an engine.

    Raises:
        ValueError: If the name could leave the folder of engines or is too long for a socket's path.
    """
    if not NAME.fullmatch(name):
        raise ValueError(
            f"an engine's name must be 1 to 32 of a-z 0-9 . _ - and begin with a-z or 0-9, was {name!r}"
        )
    return home() / "engines" / name
