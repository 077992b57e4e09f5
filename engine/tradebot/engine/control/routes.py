"""The table of the control API: each address, the right it needs, what it takes and answers.

To add a route add a row: `ask` (a question), `tell` (a command), `stream`. `at_any_time` is for what lowers risk.
The server, the check of rights and the document at `/v1/openapi.json` are made from the rows.
"""

from typing import Final

from tradebot.engine.control.authority import (
    ArmBody,
    AuthorityFacts,
    MandateBody,
    RevokeBody,
    StopQuery,
    TerminalBody,
)
from tradebot.engine.control.bodies import (
    AccountBody,
    CancelBody,
    DecisionsQuery,
    DifferenceBody,
    EventsQuery,
    FillsQuery,
    FlattenBody,
    OrdersQuery,
    ReasonBody,
    WaitQuery,
    WindowQuery,
    bounded,
    bounded_amend,
)
from tradebot.engine.control.clients import ClientFacts
from tradebot.engine.control.health import HealthFacts
from tradebot.engine.control.messages import Hello
from tradebot.engine.control.messages_facts import (
    AccountFacts,
    DifferenceFacts,
    FillFacts,
    OrderFacts,
    PositionFacts,
    Status,
)
from tradebot.engine.control.messages_frame import Frame
from tradebot.engine.control.messages_house import Decisions, HouseView
from tradebot.engine.control.messages_orders import (
    AmendRequest,
    CommandAnswer,
    EventLine,
    OrderAnswer,
    OrderRequest,
    Preview,
)
from tradebot.engine.control.order_life import OrderLife
from tradebot.engine.control.problems import Rejected
from tradebot.engine.control.setup import AccountCheck, CheckBody, SetupFacts
from tradebot.engine.control.sleeve_routes import LIFE
from tradebot.engine.control.table import (
    Call,
    NoBody,
    NoQuery,
    Route,
    ask,
    at_any_time,
    stream,
    tell,
    tell_with,
)


async def _place(call: Call[WaitQuery, OrderRequest]) -> OrderAnswer:
    """Hand an order on; one that may add risk needs the full right."""
    order = bounded(call.body)
    if not order.reduce_only and not call.caller.may("full"):
        raise Rejected(
            403,
            "forbidden",
            f"token {call.caller.name!r} is {call.caller.kind}: its orders must be reduce_only",
            exit_code=3,
        )
    return await call.engine.place(order, call.query.wait)


QUESTIONS: Final = (
    ask("/v1/hello", NoQuery, Hello, lambda call: call.engine.hello(), "Who answers."),
    ask("/v1/status", NoQuery, Status, lambda call: call.engine.status(), "The engine as a whole."),
    ask(
        "/v1/orders",
        OrdersQuery,
        list[OrderFacts],
        lambda call: list(call.engine.orders(working_only=call.query.working))[-call.query.limit :],
        "Orders, oldest first; with a limit the newest.",
    ),
    ask(
        "/v1/orders/{order_id}/life",
        NoQuery,
        OrderLife,
        lambda call: call.engine.order_life(call.path["order_id"]),
        "What happened to one order, beginning with why it was wanted.",
    ),
    ask(
        "/v1/health",
        NoQuery,
        HealthFacts,
        lambda call: call.engine.health(),
        "Feeds, private streams, clocks, journal, queues and budgets; null is unknown.",
    ),
    ask(
        "/v1/setup",
        NoQuery,
        SetupFacts,
        lambda call: call.engine.setup(),
        "Accounts as configured, whether their keys are there, and what traded ones' venues can do; never a key.",
    ),
    ask(
        "/v1/positions",
        NoQuery,
        list[PositionFacts],
        lambda call: list(call.engine.positions()),
        "Open positions by account, instrument and owner.",
    ),
    ask(
        "/v1/accounts",
        NoQuery,
        list[AccountFacts],
        lambda call: list(call.engine.accounts()),
        "Accounts: cash, equity, and whether they are well.",
    ),
    ask(
        "/v1/differences",
        NoQuery,
        list[DifferenceFacts],
        lambda call: list(call.engine.differences()),
        "What ledger and venue disagree on, and what nobody owns.",
    ),
    ask(
        "/v1/fills",
        FillsQuery,
        list[FillFacts],
        lambda call: list(call.engine.fills(call.query.limit)),
        "The newest fills, oldest first.",
    ),
    ask(
        "/v1/house",
        NoQuery,
        HouseView,
        lambda call: call.engine.house(),
        "Target before floor, what a move of the market does, and the books of sleeves and hand.",
    ),
    ask(
        "/v1/sleeves/{name}/decisions",
        DecisionsQuery,
        Decisions,
        lambda call: call.engine.decisions(
            call.path["name"], call.query.limit, only_changes=call.query.changes
        ),
        "What a sleeve decided and why, newest first, with what the gate refused.",
    ),
    ask(
        "/v1/clients",
        NoQuery,
        ClientFacts,
        lambda call: call.clients.facts(),
        "Who follows this engine, and which clients were dropped and why.",
    ),
)

STREAMS: Final = (
    stream(
        "/v1/state",
        Frame,
        WindowQuery,
        "Frames of the visible window, the newest wins: event `frame`, id = when it was made, ns UTC.",
    ),
    stream(
        "/v1/events",
        EventLine,
        EventsQuery,
        "Every committed event once, in order, with its id; Last-Event-ID resumes after one.",
    ),
)

ORDERS: Final = (
    tell(
        "/v1/preview",
        "read",
        OrderRequest,
        Preview,
        lambda call: call.engine.preview(bounded(call.body)),
        "What an order would cost and what the gate says; nothing is sent.",
    ),
    tell_with(
        "/v1/orders",
        "reduce",
        (WaitQuery, OrderRequest),
        OrderAnswer,
        _place,
        "An order through the risk gate; a reduce-only token may send reduce_only orders.",
    ),
    tell(
        "/v1/orders/{order_id}/amend",
        "full",
        AmendRequest,
        OrderAnswer,
        lambda call: call.engine.amend(call.path["order_id"], bounded_amend(call.body)),
        "Change an open order: a new one with an id of its own takes its place.",
    ),
    at_any_time(
        tell(
            "/v1/orders/{order_id}/cancel",
            "reduce",
            NoBody,
            CommandAnswer,
            lambda call: call.engine.cancel(call.path["order_id"]),
            "Cancel one order.",
        )
    ),
    at_any_time(
        tell(
            "/v1/cancel",
            "reduce",
            CancelBody,
            CommandAnswer,
            lambda call: call.engine.cancel_all(call.body.instrument, call.body.side),
            "Cancel all orders, of an instrument, of a side.",
        )
    ),
)

STATES: Final = (
    tell(
        "/v1/setup/check",
        "full",
        CheckBody,
        AccountCheck,
        lambda call: call.engine.check_account(call.body.account),
        "Ask an account's venue whether it can be traded; nothing is traded by that.",
    ),
    at_any_time(
        tell(
            "/v1/flatten",
            "reduce",
            FlattenBody,
            CommandAnswer,
            lambda call: call.engine.flatten(call.body.instrument),
            "Close the position in one instrument; null: all.",
        )
    ),
    at_any_time(
        tell(
            "/v1/kill",
            "reduce",
            NoBody,
            CommandAnswer,
            lambda call: call.engine.kill(),
            "HALTED: cancel what adds risk, keep what protects.",
        )
    ),
    at_any_time(
        tell(
            "/v1/halt",
            "reduce",
            ReasonBody,
            CommandAnswer,
            lambda call: call.engine.halt(call.body.reason),
            "REDUCING: only what shrinks a position.",
        )
    ),
    tell(
        "/v1/resume",
        "full",
        ReasonBody,
        CommandAnswer,
        lambda call: call.engine.resume(call.body.reason),
        "Lift REDUCING or HALTED.",
    ),
    tell(
        "/v1/reconcile",
        "read",
        AccountBody,
        CommandAnswer,
        lambda call: call.engine.reconcile(call.body.account),
        "Ask the venues now what the accounts hold.",
    ),
    tell(
        "/v1/differences/answer",
        "full",
        DifferenceBody,
        CommandAnswer,
        lambda call: call.engine.answer_difference(
            call.body.id, call.body.answer, call.body.owner, call.body.reason
        ),
        "Adopt, ignore or flatten one difference.",
    ),
    tell_with(
        "/v1/stop",
        "full",
        (StopQuery, NoBody),
        CommandAnswer,
        lambda call: call.engine.stop(leave_unprotected=call.query.leave_unprotected),
        "End the engine's process; orders and positions stay, engine-held stops move to the broker.",
    ),
)

SLEEVES: Final = (
    at_any_time(
        tell(
            "/v1/sleeves/{name}/pause",
            "reduce",
            ReasonBody,
            CommandAnswer,
            lambda call: call.engine.pause_sleeve(call.path["name"], call.body.reason),
            "Stop a sleeve from adding risk.",
        )
    ),
    tell(
        "/v1/sleeves/{name}/resume",
        "full",
        ReasonBody,
        CommandAnswer,
        lambda call: call.engine.resume_sleeve(call.path["name"], call.body.reason),
        "Let a sleeve add risk again.",
    ),
)

AUTHORITY: Final = (
    ask(
        "/v1/authority",
        NoQuery,
        AuthorityFacts,
        lambda call: call.engine.authority.facts(),
        "Who may add risk now, under which mandates and limits.",
    ),
    tell(
        "/v1/arm",
        "full",
        ArmBody,
        CommandAnswer,
        lambda call: call.engine.authority.arm(call.body),
        "Hands may add risk in LIVE for a while; limits that waited for it hold.",
    ),
    at_any_time(
        tell(
            "/v1/disarm",
            "reduce",
            NoBody,
            CommandAnswer,
            lambda call: call.engine.authority.disarm(),
            "Hands may add no more risk; orders and positions stay.",
        )
    ),
    tell(
        "/v1/terminal/seen",
        "full",
        TerminalBody,
        CommandAnswer,
        lambda call: call.engine.authority.seen(call.body),
        "A terminal that armed is still used; at most once a minute is enough.",
    ),
    at_any_time(
        tell(
            "/v1/terminal/gone",
            "reduce",
            TerminalBody,
            CommandAnswer,
            lambda call: call.engine.authority.gone(call.body),
            "A terminal has closed: its arming ends, its attended orders are cancelled.",
        )
    ),
    tell(
        "/v1/sleeves/{name}/mandate",
        "full",
        MandateBody,
        CommandAnswer,
        lambda call: call.engine.authority.give_mandate(call.path["name"], call.body),
        "The sleeve as it runs now may add risk in LIVE within bounds.",
    ),
    at_any_time(
        tell(
            "/v1/sleeves/{name}/mandate/revoke",
            "reduce",
            RevokeBody,
            CommandAnswer,
            lambda call: call.engine.authority.revoke_mandate(call.path["name"], call.body.reason),
            "Take a mandate back; the sleeve goes on as a shadow, its exits run.",
        )
    ),
)

ROUTES: Final[tuple[Route, ...]] = (
    *QUESTIONS,
    *STREAMS,
    *ORDERS,
    *STATES,
    *SLEEVES,
    *LIFE,
    *AUTHORITY,
)
"""Every address of the API."""
