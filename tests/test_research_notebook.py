"""docs/research.ipynb is run from its first cell to its last, as a user's notebook server would."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

NOTEBOOK = Path(__file__).parents[1] / "docs" / "research.ipynb"
EXECUTE = "from nbclient.cli import main; main()"

type Cell = dict[str, Any]


def code(path: Path) -> list[Cell]:
    """Return the cells of a notebook that are run."""
    cells: list[Cell] = json.loads(path.read_text())["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def test_the_notebook_is_kept_without_outputs_which_would_grow_old() -> None:
    assert code(NOTEBOOK)
    assert [cell["source"] for cell in code(NOTEBOOK) if cell["outputs"]] == []


@pytest.mark.slow
def test_the_notebook_runs_in_an_empty_home_and_every_step_shows_something(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    home = tmp_path_factory.mktemp("n")
    done = home / "done.ipynb"
    words = [str(NOTEBOOK), f"--output={done}", "--timeout=240", "--KernelManager.transport=ipc"]
    ran = subprocess.run(
        [sys.executable, "-c", EXECUTE, *words],
        cwd=home,
        env=os.environ
        | {
            "TRADEBOT_HOME": str(home / "home"),
            "JUPYTER_RUNTIME_DIR": str(home),
            "IPYTHONDIR": str(home / "ipython"),
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    imports, run, *rest = code(done)
    assert imports["outputs"] == []
    (shown,) = run["outputs"]
    page = "".join(shown["data"]["text/html"])
    assert page.startswith("<table>")
    assert "<th>commission</th><td>0.001</td>" in page
    assert all(cell["outputs"] for cell in rest)
    (why,) = rest[3]["outputs"]
    assert "above-mean" in "".join(why["data"]["text/plain"])
