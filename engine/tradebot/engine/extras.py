"""The extra `ops`: libraries that the engine loads only where alerts, the keyring or telemetry are configured."""

from importlib.util import find_spec

OPS_LIBRARIES = ("apprise", "keyring", "opentelemetry.sdk")

NO_OPS = "needs the extra `ops`: make setup-ops in a clone, ./install.sh --with-ops from a release"


def missing_ops() -> list[str]:
    """Return which libraries of the extra are not installed; nothing is loaded."""
    return [name for name in OPS_LIBRARIES if not _installed(name)]


def _installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False
