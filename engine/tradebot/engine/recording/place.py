"""Where the sandbox's recorded hour is; loads nothing but names."""

from pathlib import Path

from tradebot.data.datasets import parse_dataset

DATASET = "sandbox/hour"
_MANIFEST = "manifest.json"
"""As the store names it: a dataset without one does not count. Importing the store would load its libraries."""


def is_recorded(folder: Path) -> bool:
    """Return whether the store in this folder has the hour already."""
    return (folder / "datasets" / parse_dataset(DATASET).folder / _MANIFEST).is_file()
