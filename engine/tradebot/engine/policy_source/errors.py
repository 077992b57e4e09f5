"""What goes wrong while a policy is found and loaded."""


class PolicyNotLoaded(Exception):  # noqa: N818  (says what is the matter in one line)
    """A policy cannot be used; the text names it, what is wrong, and the remedy."""

    exit_code = 3
