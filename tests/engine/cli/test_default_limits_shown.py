"""`config show` prints the limits that hold without a configuration, and they are the manual's."""

from pathlib import Path
from typing import cast

import pytest
from tests.engine.cli.conftest import Tradebot
from tests.engine.core.test_default_limits import MANUAL

from tradebot.engine.core.types import Mode


@pytest.mark.parametrize("mode", list(MANUAL))
def test_config_show_prints_the_manuals_table(tradebot: Tradebot, home: Path, mode: Mode) -> None:
    file = home / "tradebot.toml"
    file.write_text(f'[engine]\nmode = "{mode}"\n')
    file.chmod(0o600)
    rows = [line.split("\t") for line in tradebot("config", "show", "--plain").out.splitlines()]
    shown = {
        key.partition(".")[2]: (value, source)
        for key, value, source in rows
        if key.startswith("risk.") or key == "engine.protect_at"
    }
    shown.pop("resume")
    assert {key: value for key, (value, _) in shown.items()} == dict(MANUAL[mode])
    assert {source for _, source in shown.values()} == {f"default for {mode}"}
    document = cast("dict[str, object]", tradebot("config", "show", "--json").document)
    settings = cast("list[dict[str, str]]", document["settings"])
    told = {setting["key"]: setting["value"] for setting in settings}
    assert all(
        str(told[f"risk.{key}"]) == MANUAL[mode][key] for key in shown if key != "protect_at"
    )
