"""`config`: tradebot.toml made, shown with the origin of each value, checked."""

import os

from tradebot.engine.cli.failures import CONFIGURATION, CommandFailed
from tradebot.engine.cli.options import JsonOption, PlainOption, form, new_app
from tradebot.engine.cli.output import print_json, print_table
from tradebot.engine.config.load import load
from tradebot.engine.config.models import Config
from tradebot.engine.config.name import FILE_NAME
from tradebot.engine.config.settings import NOT_SET
from tradebot.engine.config.template import TEMPLATE
from tradebot.engine.home import home

config_app = new_app("tradebot.toml: init, show, check.")


@config_app.command("init")
def init_command(*, json: JsonOption = False) -> None:
    """Write a commented tradebot.toml; one that is there stays as it is (exit code 1)."""
    path = home() / FILE_NAME
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise CommandFailed(f"{path} is there already; edit it, or move it away") from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(TEMPLATE)
    if json:
        print_json({"file": str(path)})
    else:
        print(path)


@config_app.command("show")
def show_command(*, json: JsonOption = False, plain: PlainOption = False) -> None:
    """Print each effective value and where it came from."""
    shape = form(json=json, plain=plain)
    loaded = load(os.environ)
    if shape == "json":
        print_json(
            {
                "file": None if loaded.file is None else str(loaded.file),
                "settings": [
                    {
                        "key": setting.key,
                        "value": None if setting.value == NOT_SET else setting.value,
                        "origin": setting.origin,
                    }
                    for setting in loaded.settings
                ],
            }
        )
        return
    rows = [(setting.key, setting.value, setting.origin) for setting in loaded.settings]
    print_table(("key", "value", "from"), rows, shape)


@config_app.command("check")
def check_command(*, json: JsonOption = False, plain: PlainOption = False) -> None:
    """Check the configuration; what is wrong is one line and exit code 3."""
    shape = form(json=json, plain=plain)
    loaded = load(os.environ)
    _one_mode(loaded.config)
    file = None if loaded.file is None else str(loaded.file)
    sleeves = sorted(loaded.config.sleeves)
    if shape == "json":
        mode = loaded.config.engine.mode
        print_json({"ok": True, "file": file, "mode": mode, "sleeves": sleeves})
        return
    where = file or f"no {FILE_NAME} in {home()}: defaults"
    print(f"ok  {where}; mode {loaded.config.engine.mode}, {len(sleeves)} sleeves")


def _one_mode(config: Config) -> None:
    """Refuse what `run` would refuse: an account of another mode than the engine's."""
    mode = config.engine.mode
    for name, account in config.accounts.items():
        if account.kind != mode:
            raise CommandFailed(
                f"accounts.{name}.kind must be {mode} as engine.mode, was {account.kind}: "
                "an engine has one mode, another one needs an engine of its own (--name)",
                CONFIGURATION,
            )
