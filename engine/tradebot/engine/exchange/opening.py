"""What the exchange opens with: listings, one account a face with keys of its seed."""

import hashlib
from collections.abc import Iterable

import msgspec

from tradebot.engine.exchange.accounts import AccountTerms
from tradebot.engine.exchange.fees import ALPACA, BINANCE, IB
from tradebot.engine.exchange.market import Listing
from tradebot.engine.exchange.session import Session
from tradebot.engine.exchange.words import AMOUNT_SCALE, FaceName

_ONE = 10**AMOUNT_SCALE
_NEW_YORK = Session()
_BETWEEN: dict[FaceName, str] = {"alpaca": "/", "binance": "", "ib": "."}


def _coin(
    face: FaceName, base: str, quote: str, price: int, scales: tuple[int, int], lot: int
) -> Listing:
    price_scale, quantity_scale = scales
    return Listing(
        face=face,
        symbol=f"{base}{_BETWEEN[face]}{quote}",
        kind="crypto",
        base=base,
        quote=quote,
        price_scale=price_scale,
        quantity_scale=quantity_scale,
        tick=1,
        lot=lot,
        minimum=lot,
        maximum=9_000 * 10**quantity_scale,
        minimum_notional=(5 if face == "binance" else 1) * _ONE,
        maximum_notional=(9_000_000 if face == "binance" else 200_000) * _ONE,
        name=f"{base} / {quote}",
        exchange={"alpaca": "CRYPTO", "binance": "BINANCE", "ib": "PAXOS"}[face],
        start_price=price,
        # The crowd's mean order is worth about twenty thousand of the quote currency.
        size_lots=max(1, 20_000 * 10 ** (price_scale + quantity_scale) // price // lot),
    )


def _share(
    face: FaceName, symbol: str, name: str, cents: int, exchange: str, contract: int
) -> Listing:
    whole = face == "ib"
    scale = 0 if whole else 9
    return Listing(
        face=face,
        symbol=symbol,
        kind="equity",
        base=symbol,
        quote="USD",
        price_scale=2,
        quantity_scale=scale,
        tick=1,
        lot=1,
        minimum=1,
        maximum=1_000_000 * 10**scale,
        session=_NEW_YORK,
        shortable=True,
        easy_to_borrow=True,
        fractionable=not whole,
        name=name,
        exchange=exchange,
        contract=contract,
        start_price=cents,
        volatility_bps=30,
        size_lots=100 * 10**scale,
    )


_COINS = (
    ("BTC", 60_000, 2, 5),
    ("ETH", 3_000, 2, 4),
    ("SOL", 150, 2, 3),
    ("DOGE", 0.15, 5, 0),
)
_SHARES = (
    ("AAPL", "Apple Inc.", 18_900, "NASDAQ", 265598),
    ("MSFT", "Microsoft Corporation", 41_500, "NASDAQ", 272093),
    ("SPY", "SPDR S&P 500 ETF Trust", 52_000, "ARCA", 756733),
    ("NVDA", "NVIDIA Corporation", 12_000, "NASDAQ", 4815747),
)


def listings(faces: Iterable[FaceName], *, always_open: bool) -> list[Listing]:
    """Return what the faces trade; `always_open`: equities too around the clock."""
    wanted = set(faces)
    found: list[Listing] = []
    for base, price, price_scale, quantity_scale in _COINS:
        units = round(price * 10**price_scale)
        scales = (price_scale, quantity_scale)
        if "binance" in wanted:
            found.append(_coin("binance", base, "USDT", units, scales, 1))
        if "alpaca" in wanted:
            fine = (price_scale, 9)
            lot = 10 ** (9 - quantity_scale)
            found.append(_coin("alpaca", base, "USD", units, fine, lot))
        if "ib" in wanted and base in ("BTC", "ETH"):
            found.append(
                msgspec.structs.replace(
                    _coin("ib", base, "USD", units, (2, 8), 1_000),
                    contract={"BTC": 479624278, "ETH": 495759171}[base],
                )
            )
    for face in ("alpaca", "ib"):
        if face in wanted:
            found += [_share(face, *row) for row in _SHARES]
    if always_open:
        found = [msgspec.structs.replace(listing, session=None) for listing in found]
    return found


def accounts(faces: Iterable[FaceName], seed: int) -> list[AccountTerms]:
    """Return one account a face, its key and secret made of the seed."""
    wanted = set(faces)
    terms: list[AccountTerms] = []
    if "alpaca" in wanted:
        terms.append(
            AccountTerms(
                name=_uuid(seed, "alpaca account"),
                face="alpaca",
                key="PK" + _token(seed, "alpaca key", 18).upper(),
                secret=_token(seed, "alpaca secret", 40),
                cash={"USD": 100_000 * _ONE},
                margin="margin",
                multiplier=2,
                least_equity_to_short=2_000 * _ONE,
                may_flip=False,
                client_ids="ever",
                currency="USD",
                fees=ALPACA,
            )
        )
    if "binance" in wanted:
        terms.append(
            AccountTerms(
                name="binance",
                face="binance",
                key=_token(seed, "binance key", 64),
                secret=_token(seed, "binance secret", 64),
                cash={
                    "USDT": 100_000 * _ONE,
                    "BTC": _ONE,
                    "ETH": 10 * _ONE,
                    "SOL": 100 * _ONE,
                    "DOGE": 0,
                    "BNB": 0,
                },
                margin="cash",
                client_ids="open",
                currency="USDT",
                fees=BINANCE,
            )
        )
    if "ib" in wanted:
        terms.append(
            AccountTerms(
                name="DU1234567",
                face="ib",
                cash={"USD": 1_000_000 * _ONE},
                margin="margin",
                multiplier=4,
                client_ids="free",
                currency="USD",
                fees=IB,
            )
        )
    return terms


def _token(seed: int, purpose: str, length: int) -> str:
    """Return letters and digits that the seed makes."""
    digest = hashlib.sha512(f"{seed}:{purpose}".encode()).hexdigest()
    return digest[:length]


def _uuid(seed: int, purpose: str) -> str:
    text = _token(seed, purpose, 32)
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:32]}"
