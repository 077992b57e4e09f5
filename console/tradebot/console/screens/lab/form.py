"""The form of a new backtest: fields of `tradebot backtest`, whose command line stands below them."""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

TEXT_MAX = 200


class Field(NamedTuple):
    """One line of the form."""

    label: str
    option: str
    """Of `tradebot backtest`; empty: its argument."""
    begins: str
    hint: str
    several: bool = False
    """Whether blanks part several values."""


FIELDS: tuple[Field, ...] = (
    Field("policy", "", "trend", "a name, file.py:Class or package.module:Class"),
    Field("or config", "--config", "", "a file: all its sleeves on one account, instead of POLICY"),
    Field(
        "data",
        "--data",
        "sandbox/hour",
        "datasets, blanks between them; 7 lists them",
        several=True,
    ),
    Field("from", "--from", "", "a date or an instant with its zone; empty: the beginning"),
    Field("to", "--to", "", "the first instant left out; empty: the end"),
    Field("parameters", "--param", "", "name=value, blanks between them", several=True),
    Field("cash", "--cash", "100000", "what the account begins with"),
    Field("rules", "--rules", "default", "default, lean, backtrader or backtesting"),
    Field("fill", "--fill", "", "next-open, this-close, touch, quote, book; empty: as the rules"),
    Field("commission", "--commission", "", "0.001, maker:R,taker:R or per-share:A,min=M,max=R"),
    Field("slippage", "--slippage", "", "share of the price that taking costs on top"),
    Field("latency", "--latency", "", "none, ms each way, order=MS,answer=MS,feed=MS"),
    Field("seed", "--seed", "1", "of the policy's generator, >= 0"),
)


class Form(msgspec.Struct, frozen=True):
    """What was typed."""

    open: bool = False
    at: int = 0
    editing: bool = False
    texts: Mapping[str, str] = {}

    @property
    def field(self) -> Field:
        """Return the one under the mark."""
        return FIELDS[self.at]

    def text(self, field: Field) -> str:
        """Return what stands in a field."""
        return self.texts.get(field.label, field.begins)


def put(form: Form, text: str) -> Form:
    """Return the form with a text in the field under the mark."""
    texts = {**form.texts, form.field.label: text[:TEXT_MAX]}
    return msgspec.structs.replace(form, texts=texts)


def moved(form: Form, rows: int) -> Form:
    """Return the form with the mark moved."""
    at = min(max(0, form.at + rows), len(FIELDS) - 1)
    return msgspec.structs.replace(form, at=at, editing=False)


def words_of(form: Form) -> tuple[str, ...]:
    """Return the arguments of `tradebot` that the form stands for; the program itself judges them."""
    words = ["backtest"]
    configured = any(field.option == "--config" and form.text(field).strip() for field in FIELDS)
    for field in FIELDS:
        text = form.text(field).strip()
        if not text or (configured and not field.option):
            continue
        values = text.split() if field.several else [text]
        # `--from=-1` is one word: what was typed is never read as an option.
        words += [f"{field.option}={value}" if field.option else value for value in values]
    return (*words, "--json")
