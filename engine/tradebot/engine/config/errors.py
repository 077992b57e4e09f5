"""What is wrong with a configuration, in one line."""


class ConfigError(Exception):
    """The configuration cannot be used: names the key or file, the value, the bound, the remedy."""

    exit_code = 3
