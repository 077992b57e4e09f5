"""A program that follows an engine's frames with the console's own client and prints each one it handles.

`python following_client.py unix:///PATH|http://HOST:PORT`: lines of `AGE_MS VERSION`, flushed.
"""

import asyncio
import sys
from contextlib import aclosing

import msgspec

from tradebot.console.clock import SystemClock
from tradebot.console.link.address import parse_address
from tradebot.console.link.http import HttpLink
from tradebot.console.link.protocol import StateQuery
from tradebot.engine.control.messages_frame import Frame


async def follow(address: str) -> None:
    clock = SystemClock()
    link = HttpLink(parse_address(address), clock)
    decode = msgspec.json.Decoder(Frame).decode
    async with aclosing(link.frames(StateQuery(rows=200))) as frames:
        async for text in frames:
            frame = decode(text)
            age_ms = (clock.wall_ns() - frame.sent) / 1e6
            sys.stdout.write(f"{age_ms:.1f} {frame.version}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(follow(sys.argv[1]))
