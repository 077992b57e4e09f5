"""Errors of the data room.

    DataError
      ScaleError          a number does not fit the instrument's scale
      ImportFormatError   a file is not of the format it was said to be
      DatasetError        a dataset is missing, empty or damaged
"""


class DataError(Exception):
    """Root of the data room's errors; the text names value, bound and remedy."""


class ScaleError(DataError, ValueError):
    """A decimal does not fit an instrument's scale."""


class ImportFormatError(DataError):
    """A file is not of the format it was said to be."""


class DatasetError(DataError):
    """A dataset is missing, empty or damaged."""
