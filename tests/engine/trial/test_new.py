"""What `policy new` writes, and that it never writes over anything."""

from pathlib import Path

import pytest

from tradebot.engine.config.errors import ConfigError
from tradebot.engine.config.load import load
from tradebot.engine.live.errors import CannotRun
from tradebot.engine.policy_source.load import load_policy
from tradebot.engine.trial.new import write_policy


def test_a_new_policy_loads_and_its_sleeve_is_a_shadow_in_a_configuration_that_loads(
    tmp_path: Path,
) -> None:
    written = write_policy("my_trend", tmp_path)
    assert written.reference == "my_trend.py:MyTrend"
    found = load_policy(written.reference, {"window": 5}, (tmp_path / "policies",))
    assert found.loaded.params is not None
    config = load({}, tmp_path).config
    assert config.sleeves["my_trend"].run == "shadow"
    assert [path.stat().st_mode & 0o777 for path in (written.policy, written.test)] == [0o600] * 2
    compile(written.test.read_text(), str(written.test), "exec")


def test_comments_of_the_configuration_stay(tmp_path: Path) -> None:
    (tmp_path / "tradebot.toml").write_text('# mine\n[engine]\ncurrency = "USDT" # why not\n')
    write_policy("one", tmp_path)
    text = (tmp_path / "tradebot.toml").read_text()
    assert text.startswith('# mine\n[engine]\ncurrency = "USDT" # why not\n')
    assert "[sleeves.one]" in text


def test_nothing_is_written_over(tmp_path: Path) -> None:
    write_policy("one", tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(CannotRun, match=r"one\.py is there already"):
        write_policy("one", tmp_path)
    (tmp_path / "policies" / "one.py").unlink()
    (tmp_path / "policies" / "test_one.py").unlink()
    with pytest.raises(ConfigError, match="sleeve 'one' is there already"):
        write_policy("one", tmp_path)
    assert not (tmp_path / "policies" / "one.py").exists()
    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert after == {path: text for path, text in before.items() if path.name == "tradebot.toml"}


@pytest.mark.parametrize("name", ["", "One", "1st", "a-b", "../x", "a" * 32])
def test_a_name_that_is_no_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(CannotRun, match="must be small letters"):
        write_policy(name, tmp_path)
    assert list(tmp_path.iterdir()) == []
