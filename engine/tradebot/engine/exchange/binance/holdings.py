"""Binance's account by request."""

from tradebot.engine.exchange.accounts import Account
from tradebot.engine.exchange.binance.params import Params, listing_of
from tradebot.engine.exchange.binance.reports import Reporter
from tradebot.engine.exchange.binance.texts import Json, amount, eight
from tradebot.engine.exchange.binance.weights import Weights
from tradebot.engine.exchange.exchange import Exchange

MS = 1_000_000
_NONE = "0.00000000"
_BPS = 4
"""Decimals of a basis point."""


class Holdings:
    """Answers requests about an account itself."""

    def __init__(self, exchange: Exchange, reporter: Reporter, weights: Weights) -> None:
        self._exchange = exchange
        self._reporter = reporter
        self._weights = weights

    def account(self, account: Account, params: Params, now: int) -> Json:
        """Answer account: rates and balances."""
        fees = account.terms.fees
        no_zero = params.get("omitZeroBalances") == "true"
        changed = [order.updated for order in self._exchange.store.all(account.terms.name)]
        return {
            "makerCommission": fees.maker_bps,
            "takerCommission": fees.taker_bps,
            "buyerCommission": 0,
            "sellerCommission": 0,
            "commissionRates": {
                "maker": eight(fees.maker_bps, _BPS),
                "taker": eight(fees.taker_bps, _BPS),
                "buyer": _NONE,
                "seller": _NONE,
            },
            "canTrade": True,
            "canWithdraw": False,
            "canDeposit": False,
            "brokered": False,
            "requireSelfTradePrevention": False,
            "preventSor": False,
            "updateTime": max(changed, default=now) // MS,
            "accountType": "SPOT",
            "balances": [
                {"asset": asset, "free": amount(free), "locked": amount(locked)}
                for asset, free, locked in self._reporter.balances(account)
                if free or locked or not no_zero
            ],
            "permissions": ["SPOT"],
            "uid": 354_937_868 + account.owner,
        }

    def commission(self, account: Account, params: Params) -> Json:
        """Answer account/commission of a symbol."""
        fees = account.terms.fees
        nothing: Json = {"maker": _NONE, "taker": _NONE, "buyer": _NONE, "seller": _NONE}
        return {
            "symbol": listing_of(self._exchange, params).symbol,
            "standardCommission": {
                "maker": eight(fees.maker_bps, _BPS),
                "taker": eight(fees.taker_bps, _BPS),
                "buyer": _NONE,
                "seller": _NONE,
            },
            "specialCommission": nothing,
            "taxCommission": nothing,
            "discount": {
                "enabledForAccount": False,
                "enabledForSymbol": False,
                "discountAsset": "BNB",
                "discount": "0.25000000",
            },
        }

    def order_counts(self, account: Account) -> Json:
        """Answer rateLimit/order."""
        return self._weights.order_rows(account.terms.name)

    def restrictions(self, now_ms: int) -> Json:
        """Answer apiRestrictions: a key that trades spot and can take nothing away."""
        return {
            "ipRestrict": False,
            "createTime": now_ms,
            "enableReading": True,
            "enableSpotAndMarginTrading": True,
            "enableWithdrawals": False,
            "enableInternalTransfer": False,
            "enableMargin": False,
            "enableFutures": False,
            "permitsUniversalTransfer": False,
            "enableVanillaOptions": False,
            "enableFixApiTrade": False,
            "enableFixReadOnly": False,
            "enablePortfolioMarginTrading": False,
        }
