"""Trade on a venue that shows no depth: the quote is painted, keys enter an order, its fill shows."""

import re
from collections.abc import Generator
from contextlib import contextmanager

import pytest
from tests.e2e.console_screen import Console, panel, send_by_ticket
from tests.e2e.engine_process import Home, running, short_home, wait_until
from tests.e2e.test_alpaca_exchange import configure, exchange, keep_keys, understood

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

ASK = re.compile(r"x ([\d,]+\.\d+)\s+ASK")


@contextmanager
def console_of(home: Home) -> Generator[Console]:
    """Run a console while the context is open."""
    console = Console(home.path)
    try:
        yield console
    finally:
        console.process.close(force=True)


def test_a_stock_is_traded_by_its_quote() -> None:
    with short_home() as home, exchange(home) as ready:
        configure(
            home,
            '[accounts.b]\nvenue = "alpaca"\nkind = "sandbox"\nsymbols = ["AAPL"]\n'
            f'base_url = "{ready["alpaca"]["url"]}"\n',
        )
        keep_keys(home, ready)
        with running(home) as engine, engine.client() as client, console_of(home) as console:
            wait_until(lambda: understood(client), "the account is understood", 30)
            shown = console.wait_for("the quote", lambda text: ASK.search(text) is not None)
            assert "AAPL · quote" in shown
            assert "ORD" not in shown, "no ladder without depth"
            for words in ("spread", "mid", " old", "not halted", "band "):
                assert words in shown, shown
            console.wait_for("the tape", lambda text: ":" in panel(text, "Tape"))
            ask = ASK.search(shown)
            assert ask is not None
            price = f"{float(ask.group(1).replace(',', '')) * 1.003:.2f}"
            send_by_ticket(console, quantity="3", price=price)
            console.wait_for("the fill", lambda text: " BUY " in panel(text, "Fills"))
            console.wait_for("the position", lambda text: "+3" in panel(text, "Positions"))
            (fill,) = client.fills(10)
            assert float(fill.quantity) == 3
