"""The configuration's sections, frozen; every key a user may write, with its bounds."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, model_validator

from tradebot.engine.alerts.addresses import parse_addresses, parse_heartbeat
from tradebot.engine.config.values import (
    DayStart,
    Money,
    Share,
    parse_capital,
    parse_count,
    parse_day_start,
    parse_limit,
    parse_limit_or_off,
    parse_money,
    parse_money_or_share,
    parse_rate,
    shown,
)
from tradebot.engine.core.limits import Limits
from tradebot.engine.core.types import Mode
from tradebot.engine.secret import Secret

type Limit = Annotated[Decimal, BeforeValidator(parse_limit)]
type LimitOrOff = Annotated[Decimal | None, BeforeValidator(parse_limit_or_off)]
type Goal = Annotated[Money | Share, BeforeValidator(parse_money_or_share)]
type Capital = Annotated[Money | Share, BeforeValidator(parse_capital)]
type Asset = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]{1,9}$")]
type Rate = Annotated[str, BeforeValidator(parse_rate)]
type Day = Annotated[DayStart, BeforeValidator(parse_day_start)]
type Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,31}$")]
type Count = Annotated[int, BeforeValidator(parse_count), Field(ge=1, le=1_000_000)]
type HostName = Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]+(:[0-9]{1,5})?$", max_length=253)]
type Url = Annotated[str, Field(pattern=r"^(https?|wss?)://[^\s/]+\S*$", max_length=500)]


class Section(BaseModel):
    """A table of the file: unknown keys are refused, numbers may stand where text is wanted."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", coerce_numbers_to_str=True, str_strip_whitespace=True
    )


class EngineConfig(Section):
    """`[engine]`."""

    name: Name = "main"
    """Names the state folder, the socket, the lock."""
    mode: Mode = "sandbox"
    """Fixed in the state folder at its first start."""
    currency: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]{1,9}$")] | None = None
    """Of every total; None: the quote currency of the engine's first instrument."""
    day_starts: Day = DayStart(0, 0, "UTC")
    """When the trading day begins."""
    lots: Literal["fifo", "lifo", "highest", "specific"] = "fifo"
    """Which lots a sale closes first."""
    stablecoins: dict[Asset, Asset] = {}
    """Assets counted one to one as another: `{ USDT = "USD" }`."""
    protect_at: Literal["broker", "any"] = "any"
    """Where a protective order must live; `broker` warns when it cannot."""
    on_ui_loss: Literal["keep"] = "keep"
    """What the screen going away changes: nothing."""
    heartbeat_url: Annotated[Secret | None, PlainValidator(parse_heartbeat)] = None
    """Asked once a minute while the engine lives; a dead-man's switch outside."""
    hosts: Annotated[tuple[HostName, ...], Field(max_length=16)] = ()
    """Names a client of the http address may write into Host besides this machine's own: those of a proxy."""


class ObjectiveConfig(Section):
    """`[objective]`: what the account is for."""

    utility: Literal["log", "target", "hybrid", "crra"] = "log"
    floor: Goal | None = None
    """An amount, or a signed percentage of the capital at `since`."""
    target: Goal | None = None
    deadline: date | None = None
    since: date | None = None

    @model_validator(mode="after")
    def check_game(self) -> "ObjectiveConfig":
        """Refuse a game that has one end only, or whose floor is not below its target."""
        if (self.floor is None) != (self.target is None):
            missing = "target" if self.target is None else "floor"
            raise ValueError(f"floor and target go together: {missing} is missing")
        if self.utility in {"target", "hybrid"} and self.target is None:
            raise ValueError(f"utility {self.utility!r} needs a floor and a target")
        if isinstance(self.floor, Share) and not -1 <= self.floor.fraction < 0:
            raise ValueError(f'floor must be in ["-100%", "0%"), was {self.floor}')
        if isinstance(self.target, Share) and self.target.fraction <= 0:
            raise ValueError(f'target must be above "0%", was {self.target}')
        floor, target = self.floor, self.target
        if isinstance(floor, Money) and isinstance(target, Money) and floor.amount >= target.amount:
            raise ValueError(f"floor must be below target, were {floor} and {target}")
        if self.since is not None and self.deadline is not None and self.since >= self.deadline:
            raise ValueError(f"deadline must be after since, were {self.deadline} and {self.since}")
        return self


class OrderRate(Section):
    """Orders per minute, by who sends them."""

    hand: Count
    sleeve: Count


def parse_order_rate(value: object) -> object:
    """Return both rates from one number, or a table as it is."""
    if isinstance(value, str) and value.isdigit():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return {"hand": value, "sleeve": value}
    if isinstance(value, dict | OrderRate):
        return value  # pyright: ignore[reportUnknownVariableType]  (pydantic checks it next)
    raise ValueError(f"must be a number or {{ hand = 10, sleeve = 30 }}, was {shown(value)}")


class RiskConfig(Section):
    """`[risk]`: what the gate enforces; percentages are of equity. Defaults come by mode."""

    max_order: Limit
    max_position: Limit
    max_gross: Limit
    max_open_risk: Limit
    day_loss: LimitOrOff
    drawdown: LimitOrOff
    price_collar: Limit
    price_collar_wide: Limit
    """The collar while the spread is above `wide_spread`."""
    wide_spread: Limit
    unprotected_risk: Limit
    """Share of notional that a position without a stop is counted to lose."""
    orders_per_minute: Annotated[OrderRate, BeforeValidator(parse_order_rate)]
    rejects_in_row: Count
    resume: Literal["operator", "next-day"] = "operator"
    """Who lifts REDUCING after a day loss."""

    def limits(self) -> Limits:
        """Return what the risk gate reads."""
        return Limits(
            max_order=self.max_order,
            max_position=self.max_position,
            max_gross=self.max_gross,
            max_open_risk=self.max_open_risk,
            day_loss=self.day_loss,
            drawdown=self.drawdown,
            price_collar=self.price_collar,
            price_collar_wide=self.price_collar_wide,
            orders_per_minute_hand=self.orders_per_minute.hand,
            orders_per_minute_sleeve=self.orders_per_minute.sleeve,
            rejects_in_row=self.rejects_in_row,
            unprotected_risk=self.unprotected_risk,
            wide_spread=self.wide_spread,
        )


class AccountConfig(Section):
    """`[accounts.NAME]`: where an account is; its keys are elsewhere."""

    venue: Literal["native", "sandbox", "binance", "alpaca", "ib"]
    """`native` and `sandbox`: our own venue, in the engine."""
    kind: Mode
    """`paper` = this venue's market, our fills."""
    cash: Annotated[Money, BeforeValidator(parse_money)] | None = None
    """What an account of the native venue opens with; None: 100000 in the engine's currency."""
    base_url: Url | None = None
    data_url: Url | None = None
    stream_url: Url | None = None
    private_url: Url | None = None
    """Of the private stream, where it is apart from `base_url`: Binance's web-socket API."""
    symbols: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9._/@-]{1,40}$")], ...] = ()
    """What is traded at a broker's account, in the venue's spelling, beside the symbols of its sleeves."""
    host: str | None = None
    """Of an IB gateway."""
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    client_id: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None
    extended_hours: bool = False
    """At Alpaca: limit DAY orders of stocks are good before the open and after the close too."""

    @model_validator(mode="after")
    def check_hosts(self) -> "AccountConfig":
        """Refuse a kind that contradicts a host: the mode follows the host."""
        for name in ("base_url", "stream_url", "private_url"):
            url: str | None = getattr(self, name)
            told = None if url is None else mode_of_host(url)
            if told is not None and self.kind not in {told, "paper"}:
                raise ValueError(f"kind must be {told!r}, as {name} {url} says, was {self.kind!r}")
        return self

    @model_validator(mode="after")
    def check_extended_hours(self) -> "AccountConfig":
        """Refuse extended hours where no order of ours could ask for them."""
        if self.extended_hours and self.venue != "alpaca":
            raise ValueError(
                f"extended_hours is only for accounts at alpaca, venue was {self.venue!r}"
            )
        return self

    @model_validator(mode="after")
    def check_cash(self) -> "AccountConfig":
        """Refuse opening cash where a real venue holds the money, and a real mode at our own venue."""
        ours = self.venue in {"native", "sandbox"}
        if self.cash is not None and not (ours or self.kind == "paper"):
            raise ValueError(
                f"cash is only for accounts of the native venue, venue was {self.venue!r}"
            )
        if self.cash is not None and self.cash.amount < 0:
            raise ValueError(f"cash must be >= 0, was {self.cash}")
        return self


class SleeveLimits(Section):
    """Limits of one sleeve, of its own capital; each narrows the engine's."""

    max_order: Limit | None = None
    max_position: Limit | None = None
    max_gross: Limit | None = None
    max_open_risk: Limit | None = None
    day_loss: Limit | None = None
    drawdown: Limit | None = None
    orders_per_minute: Count | None = None


class SleeveConfig(Section):
    """`[sleeves.NAME]`: a named, funded, running instance of a policy."""

    policy: Annotated[str, Field(pattern=r"^\S+:[A-Za-z_]\w*$|^[a-z0-9][a-z0-9._-]*$")]
    """`trend.py:Trend`, `package.module:Class`, or an installed name."""
    account: Name = "sandbox"
    symbols: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]
    capital: Capital
    run: Literal["off", "shadow", "live"] = "shadow"
    params: dict[str, bool | int | str | Decimal] = {}
    limits: SleeveLimits = SleeveLimits()
    compound: bool = True
    """Profits stay in the sleeve."""
    on_error: Literal["pause", "exit"] = "pause"
    on_stop: Literal["keep", "exit"] = "keep"


class AlertsConfig(Section):
    """`[alerts]`: who is told what while nobody looks."""

    to: Annotated[tuple[Secret, ...], PlainValidator(parse_addresses)] = ()
    """Addresses as apprise writes them, e.g. `ntfy://topic`; each is a secret."""
    level: Literal["info", "warn", "error"] = "info"
    """Least level that is sent."""
    quiet_minutes: Annotated[int, BeforeValidator(parse_count), Field(ge=1, le=10_000)] = 5
    """Minutes without a word from any market before that is told."""


class TelemetryConfig(Section):
    """`[telemetry]`: traces, metrics and logs for an OpenTelemetry collector; nothing is sent without an endpoint."""

    endpoint: Annotated[str, Field(pattern=r"^https?://[^\s/@]+\S*$", max_length=500)] | None = None
    """Base address of a collector that takes OTLP over HTTP, e.g. `http://127.0.0.1:4318`."""
    service_name: Annotated[str, Field(min_length=1, max_length=100)] = "tradebot"


class ConsoleConfig(Section):
    """`[console]`."""

    show_times: Literal["local", "utc", "exchange"] = "local"
    theme: str = "tb-dark"
    glyphs: Literal["auto", "block", "ascii"] = "auto"


class Config(Section):
    """The whole file."""

    engine: EngineConfig
    objective: ObjectiveConfig
    risk: RiskConfig
    accounts: dict[Name, AccountConfig]
    rates: dict[Asset, Rate]
    """What an asset is worth in the engine's currency: a fixed rate, or the instrument whose mark it is."""
    sleeves: dict[Name, SleeveConfig]
    alerts: AlertsConfig
    telemetry: TelemetryConfig
    console: ConsoleConfig

    @model_validator(mode="after")
    def check_accounts(self) -> "Config":
        """Refuse a sleeve whose account is not there; `sandbox` needs no table."""
        known = {"sandbox", *self.accounts}
        for name, sleeve in self.sleeves.items():
            if sleeve.account not in known:
                raise ValueError(
                    f"sleeves.{name}.account must be one of {', '.join(sorted(known))}, "
                    f"was {sleeve.account!r}"
                )
        return self


MODES: tuple[Mode, ...] = ("sandbox", "paper", "broker-paper", "live")

SECTIONS: dict[str, type[Section]] = {
    "engine": EngineConfig,
    "objective": ObjectiveConfig,
    "risk": RiskConfig,
    "alerts": AlertsConfig,
    "telemetry": TelemetryConfig,
    "console": ConsoleConfig,
}
"""The tables whose keys are fixed."""

_LIVE_HOSTS = (
    "api.alpaca.markets",
    "broker-api.alpaca.markets",
    "api.binance.com",
    "stream.binance.com",
    "ws-api.binance.com",
)
_PAPER_HOSTS = (
    "paper-api.alpaca.markets",
    "broker-api.sandbox.alpaca.markets",
    "testnet.binance.vision",
    "stream.testnet.binance.vision",
    "ws-api.testnet.binance.vision",
    "demo-api.binance.com",
    "demo-stream.binance.com",
    "demo-ws-api.binance.com",
)


def mode_of_host(url: str) -> Mode:
    """Return the mode that an address's host stands for: any unknown host is a sandbox."""
    host = url.partition("://")[2].partition("/")[0].rpartition("@")[2].partition(":")[0].lower()
    if host in _LIVE_HOSTS:
        return "live"
    return "broker-paper" if host in _PAPER_HOSTS else "sandbox"
