"""The table of denial codes in docs/orders.md is the list the gate is typed by."""

import re
from pathlib import Path
from typing import get_args

from tradebot.engine.core.gate_words import DenialCode

ORDERS_PAGE = Path(__file__).parents[3] / "docs" / "orders.md"


def test_the_page_on_orders_lists_every_denial_code_with_its_reason() -> None:
    table = ORDERS_PAGE.read_text().partition("## Denials")[2]
    rows = re.findall(r"^\| `([a-z_]+)` \| (.+) \|$", table, re.MULTILINE)
    assert [code for code, _ in rows] == list(get_args(DenialCode.__value__))
