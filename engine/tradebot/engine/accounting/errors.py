"""What may be wrong with a backup or a question about money."""


class AccountingError(Exception):
    """What cannot be done; one line with value, bound and remedy."""

    exit_code = 1
