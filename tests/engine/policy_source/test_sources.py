"""What a policy is made of: every file it imports from beside it counts, and each loading stands alone."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from tradebot.engine.policy_source.errors import PolicyNotLoaded
from tradebot.engine.policy_source.files import policy_folders
from tradebot.engine.policy_source.load import VersionedPolicy, load_policy, load_recorded

WITH_HELPER = """
from tradebot.engine.core.actions import OrderSeq
from tradebot.engine.core.reasons import why

import means
{extra}

class Trend:
    needs = ()
    answer = means.middle([1, 2, 3])

    def decide(self, portfolio, snapshot, context=None):
        return OrderSeq.none(because=why("nothing", answer=means.middle([2])))
"""
MEANS = """
from numbers_of_mine import half

def middle(values):
    return half(2 * sum(values)) / len(values)
"""
HALF = """
def half(number):
    return number / 2
"""


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(text))
    path.chmod(0o600)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "trend.py", WITH_HELPER.format(extra=""))
    write(tmp_path / "means.py", MEANS)
    write(tmp_path / "numbers_of_mine.py", HALF)
    write(tmp_path / "unrelated.py", "1 / 0")
    return tmp_path


def load(folder: Path) -> VersionedPolicy:
    return load_policy("trend.py:Trend", {}, [folder])


def answer_of(found: VersionedPolicy) -> object:
    return getattr(found.loaded.policy, "answer", None)


def test_a_policy_may_import_files_beside_it_and_they_belong_to_its_version(folder: Path) -> None:
    found = load(folder)
    assert answer_of(found) == 2
    assert list(found.sources.files) == ["trend.py", "means.py", "numbers_of_mine.py"]
    write(folder / "numbers_of_mine.py", HALF.replace("/ 2", "/ 4"))
    changed = load(folder)
    assert answer_of(changed) == 1
    assert changed.version != found.version


def test_a_file_that_is_not_imported_changes_nothing(folder: Path) -> None:
    before = load(folder).version
    write(folder / "unrelated.py", "2 / 0")
    assert load(folder).version == before


def test_two_versions_live_side_by_side_with_their_own_helpers(folder: Path) -> None:
    old = load(folder)
    write(folder / "means.py", MEANS.replace("/ len(values)", "* 10"))
    new = load(folder)
    assert (answer_of(old), answer_of(new)) == (2, 60)
    said = [each.loaded.policy.decide(None, None).because for each in (old, new)]  # pyright: ignore[reportArgumentType]
    assert [dict(because.values)["answer"] for because in said] == ["2.0", "20.0"]
    assert type(old.loaded.policy) is not type(new.loaded.policy)


def test_what_the_journal_keeps_loads_to_the_same_version_without_any_file(folder: Path) -> None:
    found = load(folder)
    for path in folder.glob("*.py"):
        path.unlink()
    again = load_recorded(found.reference, {}, found.source)
    assert again.version == found.version
    assert answer_of(again) == 2


def test_a_single_file_is_kept_as_its_own_text(folder: Path) -> None:
    write(
        folder / "trend.py",
        WITH_HELPER.format(extra="")
        .replace("import means", "means = None")
        .replace("means.middle([1, 2, 3])", "2"),
    )
    found = load(folder)
    assert found.source == (folder / "trend.py").read_text()


def test_standard_modules_are_never_taken_from_the_folder(folder: Path) -> None:
    write(folder / "decimal.py", "raise RuntimeError('not this one')")
    write(folder / "trend.py", WITH_HELPER.format(extra="from decimal import Decimal"))
    assert "decimal.py" not in load(folder).sources.files


def test_packages_beside_a_policy_are_loaded_with_relative_imports(folder: Path) -> None:
    write(
        folder / "means.py",
        "from parts.sums import total\ndef middle(values): return total(values)",
    )
    write(folder / "parts/__init__.py", "")
    write(
        folder / "parts/sums.py",
        "from . import deep\nfrom .deep import add\n"
        "import parts.deep\ndef total(values): return add(values) + deep.ZERO + parts.deep.ZERO",
    )
    write(folder / "parts/deep.py", "ZERO = 0\ndef add(values): return sum(values)")
    found = load(folder)
    assert answer_of(found) == 6
    assert set(found.sources.files) == {
        "trend.py",
        "means.py",
        "parts/__init__.py",
        "parts/sums.py",
        "parts/deep.py",
    }


def test_names_that_have_moved_in_the_engine_are_still_found_where_they_stood(folder: Path) -> None:
    moved = "from tradebot.engine.core.policy import OrderSeq as Old, Params, Every, Policy"
    write(folder / "trend.py", WITH_HELPER.format(extra=moved))
    assert load(folder).version
    write(folder / "trend.py", WITH_HELPER.format(extra=moved.replace("Every", "Never")))
    with pytest.raises(PolicyNotLoaded, match="cannot import name 'Never'"):
        load(folder)


def test_loading_leaves_no_name_of_the_users_among_pythons_modules(folder: Path) -> None:
    load(folder)
    assert not {"trend", "means", "numbers_of_mine"} & set(sys.modules)


def test_a_helper_that_others_may_write_is_refused(folder: Path) -> None:
    (folder / "means.py").chmod(0o620)
    with pytest.raises(
        PolicyNotLoaded, match=r"means\.py must be owned by you and writable by nobody"
    ):
        load(folder)


def test_a_folder_that_others_may_write_is_refused(folder: Path) -> None:
    folder.chmod(0o770)
    with pytest.raises(PolicyNotLoaded, match=r"policy folder .* chmod go-w"):
        load(folder)


def test_a_file_of_another_owner_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Who runs the tests owns the file; so the test is somebody else. Root's own files are anybody's to use.
    if (folder / "trend.py").stat().st_uid == 0:
        os.chown(folder / "trend.py", 12345, 12345)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: (folder / "trend.py").stat().st_uid + 1)
    with pytest.raises(PolicyNotLoaded, match="must be owned by you"):
        load(folder)


def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Install a package with an entry point; return how to change its helper."""
    site = tmp_path / "site"
    write(site / "acme/__init__.py", "")
    write(
        site / "acme/trend.py",
        WITH_HELPER.format(extra="").replace("import means", "from acme import means"),
    )
    meta = site / "acme-1.dist-info"
    write(meta / "METADATA", "Name: acme\nVersion: 1\n")
    write(meta / "entry_points.txt", "[tradebot.policies]\nacme-trend = acme.trend:Trend\n")
    monkeypatch.setattr(sys, "path", [str(site), *sys.path])

    def helper(value: str) -> None:
        write(site / "acme/means.py", f"def middle(values): return {value}")

    helper("7")
    return helper


def test_an_installed_policy_is_found_by_its_name_and_recorded_by_its_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    helper = installed(tmp_path, monkeypatch)
    found = load_policy("acme-trend", {}, [])
    assert (answer_of(found), found.reference) == (7, "acme.trend:Trend")
    assert load_policy("acme.trend:Trend", {}, []).version == found.version
    helper("8")
    # No interpreter is started anew: what is on disk now is what is loaded.
    assert answer_of(load_policy("acme-trend", {}, [])) == 8
    assert answer_of(load_recorded(found.reference, {}, found.source)) == 7


def test_an_unknown_installed_name_says_which_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(tmp_path, monkeypatch)
    with pytest.raises(
        PolicyNotLoaded, match=r"no installed package brings it; installed: .*acme-trend"
    ):
        load_policy("nobodys", {}, [])


def test_a_home_of_its_own_never_reads_the_users_policies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRADEBOT_HOME", str(tmp_path))
    assert policy_folders() == (tmp_path / "policies", tmp_path)
    monkeypatch.delenv("TRADEBOT_HOME")
    assert policy_folders()[-1].name == "policies"
    assert len(policy_folders()) == 3
