"""What a doctor looks at beside the program itself: keys, alerts, telemetry, clock, files, lingering, zones."""

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from tradebot.engine.cli.checks import Check
from tradebot.engine.extras import NO_OPS, missing_ops
from tradebot.engine.home import home

SYNCHRONIZED = Path("/run/systemd/timesync/synchronized")
"""Made by systemd-timesyncd when it has set the clock."""

ZONE = "America/New_York"
"""A zone whose clocks change: if it can be read, the others can."""


def look_at_keys() -> Iterator[Check]:
    """Yield where each account's keys are; never the keys."""
    from tradebot.engine.brokers.account_keys import needs_keys, where_kept
    from tradebot.engine.config.load import load
    from tradebot.engine.credentials.places import Places

    places = Places(os.environ, home())
    accounts = load(os.environ).config.accounts
    asking = [name for name, config in accounts.items() if needs_keys(config)]
    if not asking:
        yield Check(name="keys", ok=True, text="no account needs any")
    for name in asking:
        where, hosts, problem = where_kept(places, name)
        yield Check(
            name=f"keys {name}",
            ok=problem is None,
            text=problem or f"{where}, for {', '.join(hosts)}",
            remedy=None if problem is None else f"tradebot keys set {name}",
        )


def look_at_reporting() -> Iterator[Check]:
    """Yield who is told what, and whether the libraries for it are installed."""
    from tradebot.engine.config.load import load

    config = load(os.environ).config
    to = ", ".join(str(address) for address in config.alerts.to)
    endpoint, beat = config.telemetry.endpoint, config.engine.heartbeat_url
    missing = missing_ops()
    wanted = {"apprise": bool(config.alerts.to), "opentelemetry.sdk": endpoint is not None}
    lacking = [name for name in missing if wanted.get(name, False)]
    yield Check(name="alerts", ok=True, text=to or "nobody is told: [alerts] to = [...]")
    yield Check(name="telemetry", ok=True, text=endpoint or "off")
    yield Check(name="heartbeat", ok=True, text=str(beat) if beat is not None else "off")
    yield Check(
        name="extra ops",
        ok=not lacking,
        text="installed" if not missing else f"not installed: {', '.join(missing)}",
        remedy=f"the configuration {NO_OPS}" if lacking else None,
    )


def look_at_clock() -> Iterator[Check]:
    """Yield what is known of the clock: nobody here measures it, so its offset is never invented."""
    synchronized = SYNCHRONIZED.exists()
    said = "set by systemd-timesyncd" if synchronized else "nobody here says who sets it"
    yield Check(
        name="clock",
        ok=True,
        text=f"offset unknown ({said}); an engine compares it with its venue",
    )


def look_at_zones() -> Iterator[Check]:
    """Yield whether zones of the trading day can be read, and from where."""
    import zoneinfo

    try:
        zoneinfo.ZoneInfo(ZONE)
    except zoneinfo.ZoneInfoNotFoundError:
        yield Check(
            name="zones",
            ok=False,
            text=f"{ZONE} cannot be read",
            remedy="install the package tzdata",
        )
        return
    system = [path for path in zoneinfo.TZPATH if (Path(path) / ZONE).exists()]
    yield Check(name="zones", ok=True, text=f"from {system[0] if system else 'the package tzdata'}")


def look_at_files() -> Iterator[Check]:
    """Yield files that others could read or write although they decide about money."""
    found: list[str] = []
    for path, forbidden in _private(home()):
        info = path.lstat()
        if info.st_uid != os.geteuid() or info.st_mode & forbidden:
            found.append(f"{path} {stat.filemode(info.st_mode)}")
    yield Check(
        name="files",
        ok=not found,
        text="; ".join(found[:3]) if found else "private where they must be",
        remedy="make them yours alone: chmod go-rwx" if found else None,
    )


def look_at_reserve() -> Iterator[Check]:
    """Yield whether each engine's reserve really holds room, for what must go out while the disk is full."""
    from tradebot.engine.journal.reserve import SIZE

    for path in sorted(home().glob("engines/*/reserve.log")):
        taken = path.stat().st_blocks * 512
        yield Check(
            name=f"reserve {path.parent.name}",
            ok=taken >= SIZE,
            text=f"{taken / 1e6:.1f} MB taken in advance",
            remedy=None
            if taken >= SIZE
            else "on a full disk exits would only be in memory: use ext4 or xfs, or make room",
        )


def look_at_service() -> Iterator[Check]:
    """Yield the services of this user and whether they outlive the session."""
    if sys.platform != "linux":
        return
    import getpass

    from tradebot.engine.systemd.control import folder_of_units, lingers

    units = [
        path.name
        for system in (False, True)
        for path in sorted(folder_of_units(system=system).glob("tradebot-*.service"))
    ]
    if not units:
        yield Check(name="service", ok=True, text="none; tradebot service install makes one")
        return
    own = any(folder_of_units(system=False).glob("tradebot-*.service"))
    stays = lingers(getpass.getuser()) if own else True
    said = {True: "", False: "; ends with the session", None: "; whether it lingers is unknown"}
    yield Check(
        name="service",
        ok=stays is not False,
        text=", ".join(units) + said[stays],
        remedy="loginctl enable-linger" if stays is False else None,
    )


def _private(folder: Path) -> Iterator[tuple[Path, int]]:
    """Yield what must be private, with the permission bits that nobody else may have."""
    for name, forbidden in (("tradebot.toml", 0o022), ("keys", 0o077)):
        if (folder / name).exists():
            yield folder / name, forbidden
    for pattern in ("keys/*.json", "engines/*", "engines/*/engine.json", "engines/*/engine.log"):
        for path in sorted(folder.glob(pattern)):
            yield path, 0o077
