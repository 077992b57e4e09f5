"""The text of the unit an engine runs as. Pure: what it says follows from its arguments."""

from pathlib import Path

import msgspec

WATCHDOG_S = 30
"""A loop that does not turn for so long is ended and started again."""

STOP_S = 30
"""Longest end: ten seconds in which stops move to the broker, then alerts, telemetry and the log go out."""

START_S = 300
"""Longest start: a long journal is read back."""

NEVER_AGAIN = (2, 3, 5)
"""Exit codes after which another start would end the same way: wrong usage, configuration, refused by safety."""


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """An engine as a service."""

    name: str
    """Of the engine."""
    python: Path
    """The interpreter that has tradebot."""
    home: Path
    """TRADEBOT_HOME."""
    words: tuple[str, ...] = ()
    """More words for `tradebot run`, e.g. `--market`."""
    user: str | None = None
    """Of a system service; None: a service of the user who installs it."""
    group: str | None = None
    """Whose members may open the socket of a system service."""
    credentials: tuple[tuple[str, Path], ...] = ()
    """Account and the file with its keys, handed over by systemd."""

    @property
    def unit(self) -> str:
        """Return the unit's name."""
        return f"tradebot-{self.name}.service"

    @property
    def socket(self) -> Path | None:
        """Return where a system service listens for its group."""
        if self.user is None or self.group is None:
            return None
        return Path(f"/run/tradebot-{self.name}/control.sock")


def unit_text(service: Service) -> str:
    """Return the unit file."""
    system = service.user is not None
    lines = [
        "# Written by `tradebot service install`; it is written again by the next one.",
        "[Unit]",
        f"Description=tradebot engine {service.name}",
        "Wants=network-online.target",
        "After=network-online.target time-sync.target",
        "StartLimitIntervalSec=600",
        "StartLimitBurst=5",
        "",
        "[Service]",
        "Type=notify",
        "NotifyAccess=main",
        f"ExecStart={' '.join(quoted(word) for word in command(service))}",
        f"Environment={quoted(f'TRADEBOT_HOME={service.home}')}",
        "Environment=PYTHONUNBUFFERED=1",
        f"WatchdogSec={WATCHDOG_S}",
        f"TimeoutStartSec={START_S}",
        f"TimeoutStopSec={STOP_S}",
        "Restart=on-failure",
        "RestartSec=5",
        f"RestartPreventExitStatus={' '.join(str(code) for code in NEVER_AGAIN)}",
        "KillMode=mixed",
        "UMask=0077",
        "LimitCORE=0",
    ]
    lines += [f"LoadCredential=tradebot.{account}:{path}" for account, path in service.credentials]
    if system:
        # Before others when memory is short: positions hang on it.
        lines += ["OOMScoreAdjust=-500", *_system(service)]
    lines += _hardening(service)
    lines += ["", "[Install]", f"WantedBy={'multi-user' if system else 'default'}.target"]
    return "\n".join(lines) + "\n"


def command(service: Service) -> list[str]:
    """Return the words that start the engine."""
    words = [str(service.python), "-m", "tradebot.engine.cli", "run", "--name", service.name]
    # The journal of systemd takes stderr; engine.log holds the same lines.
    words += ["--log-format", "json", *service.words]
    if service.socket is not None:
        words += ["--listen", f"unix://{service.socket}?group={service.group}"]
    return words


def quoted(word: str) -> str:
    """Return a word as systemd reads it back: one argument, nothing in it expanded."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    plain = escaped == word and not any(part.isspace() or part in "'#;" for part in word)
    return word if plain and word else f'"{escaped}"'


def _system(service: Service) -> list[str]:
    lines = [f"User={service.user}"]
    if service.group is not None:
        lines.append(f"Group={service.group}")
    return [
        *lines,
        f"RuntimeDirectory=tradebot-{service.name}",
        "RuntimeDirectoryMode=0750",
        *(
            ["StateDirectory=tradebot", "StateDirectoryMode=0700"]
            if _is_state(service.home)
            else []
        ),
    ]


def _is_state(home: Path) -> bool:
    return home == Path("/var/lib/tradebot")


def _hardening(service: Service) -> list[str]:
    """Return what the engine needs not to do. A user's own manager cannot make namespaces everywhere."""
    lines = [
        "NoNewPrivileges=yes",
        "LockPersonality=yes",
        "RestrictRealtime=yes",
        "RestrictSUIDSGID=yes",
        "RestrictNamespaces=yes",
        "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",  # names are looked up by netlink
        "SystemCallArchitectures=native",
    ]
    if service.user is None:
        return lines
    return [
        *lines,
        "ProtectSystem=strict",
        f"ReadWritePaths={quoted(str(service.home))}",
        "ProtectHome=read-only",
        "PrivateTmp=yes",
        "PrivateDevices=yes",
        "ProtectClock=yes",
        "ProtectControlGroups=yes",
        "ProtectHostname=yes",
        "ProtectKernelLogs=yes",
        "ProtectKernelModules=yes",
        "ProtectKernelTunables=yes",
        "ProtectProc=invisible",
        "CapabilityBoundingSet=",
        "AmbientCapabilities=",
        "SystemCallFilter=@system-service",
        "SystemCallErrorNumber=EPERM",
    ]
