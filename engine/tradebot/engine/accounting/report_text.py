"""A report as text: exact decimals without exponents, percent for people, None for what is not known."""

from decimal import Decimal

from tradebot.engine.accounting.report import Report
from tradebot.engine.journal.export import iso

type Fields = dict[str, str | None]
"""Name and text; None: not known."""


def whole(report: Report) -> Fields:
    """Return what the accounts as a whole did."""
    return {
        "begin": iso(report.begin),
        "end": iso(report.end),
        "currency": report.currency,
        "opening": amount(report.opening),
        "closing": amount(report.closing),
        "flows": amount(report.flows),
        **{kind: amount(report.income.get(kind, Decimal(0))) for kind in INCOME_SHOWN},
        "realised": amount(report.realised),
        "fees": amount(report.fees),
        "unrealised": amount(report.unrealised),
        "revaluation": amount(report.revaluation),
        "return": fraction(report.earned),
        "max_drawdown": fraction(report.max_drawdown),
        "trades": str(report.trades),
    }


INCOME_SHOWN = ("interest", "dividend", "funding", "tax", "correction")


def parts(report: Report) -> list[Fields]:
    """Return what each owner did with each instrument."""
    return [
        {
            "account": one.account,
            "owner": one.owner,
            "instrument": one.instrument,
            "trades": str(one.trades),
            "realised": amount(one.realised),
            "fees": amount(one.fees),
            "unrealised": amount(one.unrealised),
        }
        for one in report.by
    ]


def amount(value: Decimal | None) -> str | None:
    """Return an amount with every digit, without padding zeros."""
    if value is None:
        return None
    return f"{value.normalize():f}" if value else "0"


def fraction(value: Decimal | None) -> str | None:
    """Return a fraction with eight decimals."""
    return None if value is None else f"{value:.8f}"
