"""Whose part of a position of several owners is closed: in proportion to what each holds, in whole lots."""

from tradebot.engine.core.types import Owner


def closing_shares(
    holdings: list[tuple[Owner, int]],
    lot: int,
    quantity: int | None = None,
    first: tuple[Owner, int] | None = None,
) -> list[tuple[Owner, int]]:
    """Return what each owner closes of an account's net position: signed as held, in whole lots.

    Owners on the net's side share it in proportion to what they hold, by largest remainder; those who hold the opposite
    are part of why the net is smaller, and close nothing: once the account is flat `netting` crosses what is left.

    Args:
        holdings: Signed quantity by owner, in units.
        lot: In units.
        quantity: How much of the net is closed, in units, at most what owners on its side hold; None: all.
        first: An owner who closes up to so many units before the others share; None: nobody.
    """
    net = sum(held for _, held in holdings)
    same = {owner: abs(held) for owner, held in holdings if held * net > 0}
    lots = min(abs(net) if quantity is None else quantity, sum(same.values())) // lot
    shares = dict.fromkeys(same, 0)
    if first is not None and first[0] in same:
        owner, most = first
        shares[owner] = min(lots, min(most, same[owner]) // lot)
        same[owner] -= shares[owner] * lot
        lots -= shares[owner]
    total = max(sum(same.values()), 1)
    by_remainder = sorted(same, key=lambda owner: -(lots * same[owner] % total))
    left = lots
    for owner, held in same.items():
        shares[owner] += lots * held // total
        left -= lots * held // total
    for owner in by_remainder[:left]:
        shares[owner] += 1
    side = 1 if net > 0 else -1
    return [(owner, side * share * lot) for owner, share in shares.items() if share]
