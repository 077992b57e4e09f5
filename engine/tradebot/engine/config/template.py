"""The file that `tradebot config init` writes: every section, each default in a comment."""

TEMPLATE = """\
# tradebot.toml: what this engine is for and what it may do.
# `tradebot config show` prints each effective value and where it came from; every key can be
# overridden by the environment as TRADEBOT_SECTION__KEY, e.g. TRADEBOT_RISK__MAX_ORDER="10%".

[engine]
# name = "main"              # of the state folder and the socket
# mode = "sandbox"           # sandbox | paper | broker-paper | live; fixed at the first start
# currency = "USD"           # of every total; unset: the quote currency of the first instrument
# day_starts = "00:00 UTC"   # or "17:00 America/New_York"
# lots = "fifo"              # fifo | lifo | highest | specific: which lots a sale closes first
# stablecoins = { USDT = "USD" }   # counted one to one
# protect_at = "any"         # broker (default in live) | any
# on_ui_loss = "keep"        # the screen going away changes nothing
# heartbeat_url = "https://..."

[objective]
# utility = "log"            # log | target | hybrid | crra
# floor = "-10%"             # of the capital at `since`, or an amount: "9000 USD"
# target = "+20%"
# deadline = 2027-12-01
# since = 2026-12-01

[risk]                       # percentages of equity; defaults in live are far smaller
# max_order = "25%"          # one order that adds risk                          live: 5%
# max_position = "100%"      # resulting position in one instrument              live: 20%
# max_gross = "200%"         # all positions together                            live: 100%
# max_open_risk = "10%"      # all stops hit                                     live: 2%
# day_loss = "off"           # then REDUCING                                     live: 2%
# drawdown = "off"           # from the peak, then HALTED                        live: 10%
# price_collar = "5%"        # from mid                                          live: 1%
# price_collar_wide = "5%"   # while the spread is above wide_spread             live: 2%
# wide_spread = "0.5%"
# unprotected_risk = "10%"   # of notional, counted as lost where there is no stop
# orders_per_minute = 600    # or { hand = 10, sleeve = 30 }, as in live
# rejects_in_row = 5         # then REDUCING
# resume = "operator"        # or "next-day": who lifts REDUCING after a day loss

# [accounts.sandbox]         # several may share an engine; keys are kept elsewhere: tradebot keys set ACCOUNT
# venue = "native"           # native (our own) | binance | alpaca | ib
# kind = "sandbox"           # the engine's mode; contradicting it or the host is an error
# cash = "100000 USDT"       # only at the native venue: what it opens with

[rates]                      # what an asset is worth in the engine's currency, where no instrument says it
# EUR = "1.08"               # fixed
# BTC = "binance:BTCUSDT"    # the mark of an instrument

# [sleeves.trend-btc]        # a named, funded, running instance of a policy
# policy = "trend.py:Trend"  # file:class, package.module:Class, or an installed name
# account = "sandbox"
# symbols = ["sandbox:BTCUSDT"]
# capital = "6000 USD"       # or "25%" of the pool
# run = "live"               # off | shadow | live (this engine's venue)
# params = { window = 50 }
# limits = { day_loss = "1%", max_position = "50%", orders_per_minute = 5 }
# on_error = "pause"         # pause | exit
# on_stop = "keep"           # keep | exit

[alerts]
# to = ["ntfy://..."]        # addresses as apprise writes them; tradebot alerts test
# level = "info"             # info | warn | error
# quiet_minutes = 5          # without a word from any market

[telemetry]                  # OpenTelemetry, off without an endpoint
# endpoint = "http://127.0.0.1:4318"
# service_name = "tradebot"

[console]
# show_times = "local"       # local | utc | exchange
# theme = "tb-dark"
# glyphs = "auto"            # auto | block | ascii
"""
