"""`book verify`: a book rebuilt from a recording, compared with the recording's own truth."""

from tradebot.data.verify.report import BookVerification, Difference
from tradebot.data.verify.run import FORMATS, verify_book

__all__ = ["FORMATS", "BookVerification", "Difference", "verify_book"]
