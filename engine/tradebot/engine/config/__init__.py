"""tradebot.toml: what is configured, and where each value came from.

Nothing is imported here: `config.name` must not wait for pydantic, which `config.load` needs.
"""
