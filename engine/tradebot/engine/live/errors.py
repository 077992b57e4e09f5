"""Why an engine cannot start or go on, as one line for a person."""


class CannotRun(Exception):  # noqa: N818  (one line for a person)
    """The engine cannot start; the text names what is wrong and the remedy."""

    def __init__(self, text: str, exit_code: int) -> None:
        super().__init__(text)
        self.exit_code = exit_code
