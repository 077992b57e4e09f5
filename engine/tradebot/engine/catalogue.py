"""The datasets of this machine's store, for a reader that needs no data."""

from typing import TYPE_CHECKING

from tradebot.engine.home import data_folder

if TYPE_CHECKING:
    from tradebot.data.manifest import Manifest


def datasets() -> "tuple[Manifest, ...]":
    """Return the manifest of every dataset, by name.

    Raises:
        DatasetError: If one is damaged, or a newer program wrote it.
        OSError: If the store cannot be read.
    """
    from tradebot.data.store import Store  # Polars: only where it is asked for

    return Store(data_folder()).list()
