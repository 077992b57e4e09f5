"""A consumer of fills as a process of its own: writes each execution's id down, to be killed at any moment."""

import asyncio
import os
import sys

from tradebot.engine import AlpacaAdapter


async def main(url: str, key: str, secret: str, state: str, written: str) -> None:
    """Append every fill's id to a file."""
    adapter = AlpacaAdapter(api_key=key, api_secret=secret, base_url=url, state=state)
    file = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(file, b"started\n")
    async for fill in adapter.stream_fills():
        os.write(file, f"{fill.execution_id}\n".encode())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
