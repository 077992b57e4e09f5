"""Errors of the data room.

DataError
  ScaleError          a number does not fit the instrument's scale
  ImportFormatError   a file is not of the format it was said to be
  UnknownFormatError  a format, exchange or option that does not exist here
  DatasetError        a dataset is missing, empty or damaged
    DatasetNameError  a dataset's name is not well formed
"""


class DataError(Exception):
    """Root of the data room's errors; the text names value, bound and remedy."""


class ScaleError(DataError, ValueError):
    """A decimal does not fit an instrument's scale."""


class ImportFormatError(DataError):
    """A file is not of the format it was said to be."""


class UnknownFormatError(DataError, ValueError):
    """A format, exchange or option that does not exist here; the text names the known ones."""


class DatasetError(DataError):
    """A dataset is missing, empty or damaged."""


class DatasetNameError(DatasetError, ValueError):
    """A dataset's name is not well formed."""
