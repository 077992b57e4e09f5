"""Loading a policy: what is wrong is one line, and any change is another version."""

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from tradebot.engine.policy_source.errors import PolicyNotLoaded
from tradebot.engine.policy_source.load import ParameterValue, load_policy

TREND = """
from decimal import Decimal

import msgspec

from tradebot.engine.core.actions import OrderSeq
from tradebot.engine.core.needs import Every
from tradebot.engine.core.params import Params
from tradebot.engine.core.reasons import why


class TrendParams(Params, frozen=True, kw_only=True):
    size: Decimal = Decimal("0.1")
    bars: int = 20
    on: bool = True


class Memory(msgspec.Struct):
    seen: int = 0


class Trend:
    params = TrendParams
    state = Memory
    needs = (Every(1_000_000_000),)

    def decide(self, portfolio, snapshot, context=None):
        return OrderSeq.none(because=why("nothing"))


class Plain:
    needs = ()

    def decide(self, portfolio, snapshot, context=None):
        return OrderSeq.none(because=why("nothing"))


class NoDecide:
    needs = ()


class WrongParams(Plain):
    params = dict


class WrongState(Plain):
    state = dict


class Broken(Plain):
    def __init__(self):
        raise RuntimeError("no licence")


number = 5
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "trend.py", TREND)
    return tmp_path


def write(path: Path, text: str) -> None:
    path.write_text(dedent(text))
    path.chmod(0o600)


def version(folder: Path, parameters: Mapping[str, ParameterValue] | None = None) -> str:
    return load_policy("trend.py:Trend", parameters or {}, [folder]).version


def test_file_policy_is_loaded_with_its_parameters_and_memory(folder: Path) -> None:
    found = load_policy("trend.py:Trend", {"size": "0.25", "bars": 5, "on": False}, [folder])
    assert str(found.loaded.params) == "TrendParams(size=Decimal('0.25'), bars=5, on=False)"
    assert found.loaded.memory is not None
    assert found.loaded.memory.__name__ == "Memory"
    assert found.source == (folder / "trend.py").read_text()
    assert len(found.version) == 12


def test_policy_of_a_package_is_loaded(folder: Path) -> None:
    found = load_policy("tradebot.engine.policies.touch:Touch", {"size": "0.5"}, [folder])
    assert found.source.startswith('"""Quote one small order')


def test_first_folder_that_has_the_file_wins_and_an_absolute_path_needs_none(
    folder: Path,
) -> None:
    other = folder / "other"
    other.mkdir()
    write(other / "trend.py", TREND + "\n# other\n")
    assert load_policy("trend.py:Trend", {}, [other, folder]).source.endswith("# other\n")
    absolute = load_policy(f"{folder}/trend.py:Trend", {}, [other])
    assert not absolute.source.endswith("# other\n")


@pytest.mark.parametrize(
    ("reference", "parameters", "words"),
    [
        ("trend.py", {}, r"must be `file\.py:Class`"),
        (":Trend", {}, r"must be `file\.py:Class`"),
        ("trend.py:", {}, r"must be `file\.py:Class`"),
        ("absent.py:Trend", {}, r"no file absent\.py in /"),
        ("no.such.module:Trend", {}, r"module no\.such\.module cannot be imported"),
        ("trend.py:Absent", {}, "has no class Absent"),
        ("trend.py:number", {}, "has no class number"),
        ("trend.py:NoDecide", {}, "must have `needs` and `decide"),
        ("trend.py:WrongParams", {}, "`params` must be a struct of type Params"),
        ("trend.py:WrongState", {}, "`state` must be a msgspec struct type"),
        ("trend.py:Broken", {}, "cannot be made: no licence"),
        ("trend.py:Trend", {"length": 3}, "no parameter 'length'; it has bars, on, size"),
        ("trend.py:Trend", {"bars": "many"}, "Expected `int`"),
        ("trend.py:Plain", {"bars": 3}, "has no parameters, was given bars"),
    ],
)
def test_what_is_wrong_is_one_line_that_names_the_policy(
    folder: Path, reference: str, parameters: Mapping[str, ParameterValue], words: str
) -> None:
    with pytest.raises(PolicyNotLoaded, match=words) as raised:
        load_policy(reference, parameters, [folder])
    assert repr(reference) in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("def broken(:", "SyntaxError"),
        ("import no_such_module_at_all", "ModuleNotFoundError"),
        ("raise SystemExit('bye')", "SystemExit: bye"),
        ("1 / 0", "ZeroDivisionError"),
    ],
)
def test_file_that_breaks_while_it_is_loaded_is_one_line(
    folder: Path, text: str, words: str
) -> None:
    write(folder / "broken.py", text)
    with pytest.raises(PolicyNotLoaded, match=words) as raised:
        load_policy("broken.py:Trend", {}, [folder])
    assert "\n" not in str(raised.value)


def test_file_that_is_no_text_is_one_line(folder: Path) -> None:
    (folder / "binary.py").write_bytes(b"\xff\xfe\x00")
    (folder / "binary.py").chmod(0o600)
    with pytest.raises(PolicyNotLoaded, match=r"binary\.py"):
        load_policy("binary.py:Trend", {}, [folder])


@pytest.mark.parametrize("mode", [0o622, 0o620, 0o602])
def test_file_that_others_may_write_is_refused_with_the_remedy(folder: Path, mode: int) -> None:
    (folder / "trend.py").chmod(mode)
    with pytest.raises(PolicyNotLoaded, match=r"writable by nobody else.*chmod go-w"):
        version(folder)


def test_same_policy_has_the_same_version_in_another_folder(folder: Path) -> None:
    other = folder / "other"
    other.mkdir()
    write(other / "trend.py", TREND)
    assert version(folder) == version(other)


def test_one_changed_byte_is_another_version(folder: Path) -> None:
    before = version(folder)
    write(folder / "trend.py", TREND.replace('"nothing"', '"nothinG"', 1))
    after = version(folder)
    assert before != after
    write(folder / "trend.py", TREND)
    assert version(folder) == before


def test_one_changed_parameter_is_another_version(folder: Path) -> None:
    assert version(folder) != version(folder, {"bars": 21})
    assert version(folder) == version(folder, {"bars": 20})


def test_one_changed_need_is_another_version(folder: Path) -> None:
    # The same source; what the object asks to be woken by differs.
    needs = """
    import os
    from tradebot.engine.core.actions import OrderSeq
    from tradebot.engine.core.needs import Every
    from tradebot.engine.core.reasons import why

    class Trend:
        @property
        def needs(self):
            return (Every(int(os.environ["SPAN_OF_TEST"])),)

        def decide(self, portfolio, snapshot, context=None):
            return OrderSeq.none(because=why("nothing"))
    """
    write(folder / "trend.py", needs)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPAN_OF_TEST", "1000000")
        before = version(folder)
        patch.setenv("SPAN_OF_TEST", "2000000")
        assert version(folder) != before
