"""What screens ask for beside the frames, while they are open; None: not answered yet."""

from collections.abc import Sequence

from tradebot.engine.control.authority import AuthorityFacts
from tradebot.engine.control.clients import ClientFacts
from tradebot.engine.control.health import HealthFacts
from tradebot.engine.control.messages_facts import AccountFacts, OrderFacts
from tradebot.engine.control.messages_house import DecisionView, HouseView
from tradebot.engine.control.order_life import OrderLife
from tradebot.engine.control.setup import AccountCheck, SetupFacts


class Lookups:
    """The newest answer to each question; an old answer stays until a new one comes."""

    def __init__(self) -> None:
        self.orders: Sequence[OrderFacts] | None = None
        self.life: OrderLife | None = None
        self.life_of: str | None = None
        """The order whose life is wanted; its answer may be another's still."""
        self.accounts: Sequence[AccountFacts] | None = None
        self.authority: AuthorityFacts | None = None
        self.health: HealthFacts | None = None
        self.setup: SetupFacts | None = None
        self.checks: dict[str, AccountCheck] = {}
        """The newest test of each account."""
        self.checking: str | None = None
        """The account whose test is under way."""
        self.clients: ClientFacts | None = None
        self.house: HouseView | None = None
        self.decisions: Sequence[DecisionView] | None = None
        """Newest first."""
        self.decisions_as: tuple[str | None, bool] | None = None
        """What `decisions` was asked as: whose, and whether only changes; None: not asked yet."""
        self.decisions_of: str | None = None
        """The sleeve whose decisions are wanted; the answer may be another's still."""
        self.only_changes = False
        self.problem: str | None = None
        """Why the last question was not answered; None: it was."""
