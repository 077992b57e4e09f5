"""Rows of the control API's table about the life of sleeves; see `routes.py`."""

from typing import Final

from tradebot.engine.control.messages_orders import CommandAnswer
from tradebot.engine.control.sleeves import (
    AllocationFacts,
    AllocationQuery,
    CapitalBody,
    CardBody,
    ChangeBody,
    GateCard,
    LoggedLine,
    LoggedQuery,
    SleeveDetail,
    SleeveListing,
    StartBody,
    StopSleeveBody,
    VersionDifference,
)
from tradebot.engine.control.table import NoBody, NoQuery, ask, at_any_time, tell

LIFE: Final = (
    ask(
        "/v1/sleeves",
        NoQuery,
        list[SleeveListing],
        lambda call: call.engine.sleeves.listing(),
        "Every sleeve: state, version, capital, open risk, day, last decision.",
    ),
    ask(
        "/v1/sleeves/{name}/facts",
        NoQuery,
        SleeveDetail,
        lambda call: call.engine.sleeves.facts(call.path["name"]),
        "Parameters with origin, subscriptions, limits, mandate, versions, time per decision.",
    ),
    ask(
        "/v1/sleeves/{name}/logged",
        LoggedQuery,
        list[LoggedLine],
        lambda call: call.engine.sleeves.logged(call.path["name"], call.query),
        "What a policy wrote down by context.log, oldest first.",
    ),
    ask(
        "/v1/allocation",
        AllocationQuery,
        AllocationFacts,
        lambda call: call.engine.sleeves.allocation(call.query),
        "A proposal for the capital of all sleeves; nothing moves.",
    ),
    tell(
        "/v1/sleeves/{name}/card",
        "full",
        CardBody,
        GateCard,
        lambda call: call.engine.sleeves.card(call.path["name"], call.body),
        "What a start would be: version, account, capital, limits; the code is loaded, nothing changes.",
    ),
    tell(
        "/v1/sleeves/{name}/start",
        "full",
        StartBody,
        CommandAnswer,
        lambda call: call.engine.sleeves.start(call.path["name"], call.body),
        "Let a sleeve of the configuration run, as a shadow or live, with its mandate.",
    ),
    at_any_time(
        tell(
            "/v1/sleeves/{name}/stop",
            "reduce",
            StopSleeveBody,
            CommandAnswer,
            lambda call: call.engine.sleeves.stop(call.path["name"], call.body),
            "Ask a sleeve no more; its positions stay or are closed.",
        )
    ),
    tell(
        "/v1/sleeves/{name}/reload/difference",
        "full",
        NoBody,
        VersionDifference,
        lambda call: call.engine.sleeves.reload_difference(call.path["name"]),
        "What the code on disk would change: loaded beside the running one, decided without sending.",
    ),
    tell(
        "/v1/sleeves/{name}/reload",
        "full",
        ChangeBody,
        CommandAnswer,
        lambda call: call.engine.sleeves.reload(call.path["name"], call.body),
        "Swap to the code on disk between two events.",
    ),
    tell(
        "/v1/sleeves/{name}/rollback/difference",
        "full",
        NoBody,
        VersionDifference,
        lambda call: call.engine.sleeves.rollback_difference(call.path["name"]),
        "What going one version back would change.",
    ),
    tell(
        "/v1/sleeves/{name}/rollback",
        "full",
        ChangeBody,
        CommandAnswer,
        lambda call: call.engine.sleeves.rollback(call.path["name"], call.body),
        "Swap to the version before, from the journal.",
    ),
    tell(
        "/v1/sleeves/{name}/capital",
        "full",
        CapitalBody,
        CommandAnswer,
        lambda call: call.engine.sleeves.capital(call.path["name"], call.body),
        "Give a sleeve another capital.",
    ),
)
