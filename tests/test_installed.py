"""What the docs say to type works for a stranger: from a wheel, in an empty folder.

Every command, file and piece of Python on a page is done in the order of the page, in one process and an
empty folder of its own. What would take long is made small by :data:`SMALLER`, and what cannot be done here
stands in :data:`NOT_DONE` with the reason; a command that is in neither is done as it stands.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from numba.core.caching import UserProvidedCacheLocator

from sim.cli import main
from sim.rules.compiling import COMPILED_PACKAGES, cache_folder
from tests.conftest import ROOT, SCENARIOS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("installed"),  # one worker builds the wheel
]

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
NOTEBOOKS = sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))
SHIPPED = sorted(path.stem for path in SCENARIOS.glob("*.yaml"))
SWEEPS = sorted(path.stem for path in (SCENARIOS / "sweeps").glob("*.yaml"))

DAY = "--days 1 --sample 0.0002 --set outputs.figures=false --set time.warmup_days=1"
DRAW = f"{DAY} --replications 1 --arms uncontrolled,v2g"
#: Beginning of a command: what it gets besides, before what the docs give it, so that it takes seconds. The
#: longest beginning decides. Names are as they stand, without `scenarios/` and `.yaml`.
SMALLER: dict[str, str] = {
    "run": DRAW,
    "run shanghai-year": "--sample 0.0001 --arms uncontrolled --replications 1 --set outputs.figures=false --set time.warmup_days=1"
    " --set 'time.weeks=[{start: 2025-01-13, months: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]}]'",
    "run tariff-rebound": f"{DAY} --replications 1 --arms uncontrolled,tou",
    "run mass-unplug": f"{DAY} --replications 1 --arms uncontrolled,v2g-unplug",
    "run zhang-wei": f"{DAY} --arms uncontrolled,shanghai",
    "gap": "--cars 3 --set time.step_minutes=60 --set time.warmup_days=1 --set fleet.sample=0.0002",
    "commitment": "--days 1 --sample 0.0002",
    "sweep": "--workers 0",
    "view": "--no-browser",
}
#: Beginning of a command: why it is not done here. Its options are still looked up.
NOT_DONE: dict[str, str] = {
    "claims": "minutes, and cannot be made smaller; tests/studies/test_article.py",
    "check": "minutes, and cannot be made smaller; tests/studies/test_validation.py",
    "gap quickstart --cars": "the README's with more cars: the docs' own option would win over a smaller one",
    "sweep unknowns": "1,408 runs of a design that is whole or nothing; its file is read below",
    "sweep feed-in-price": "half an hour, a minute for each price; its file is read below",
    "sweep SWEEP.yaml": "needs a cluster; tests/runs/sweeps",
    "warm": "compiles for a minute and a half where nothing has run yet",
}
#: What stands for something on the pages, and what is meant here.
MEANT = {"SCENARIO": "quickstart", "RESULT": "results/quickstart", "NAME": "mine"}
#: Commands that a page takes for granted, because another one has told them.
BEFORE: dict[str, list[str]] = {
    "view.md": ["run shanghai-summer", "new my"],
    "grid.md": ["run quickstart"],
}
#: Of Python code and sweeps, unless they say so themselves.
PYTHON_SETTINGS = {"fleet.sample": 600 / 1_510_000, "time.warmup_days": 1, "outputs.figures": False}
SWEEP_SETTINGS = {"time.days": 1, "time.step_minutes": 30}
#: Pieces of a file, to be put below what they need: the key they begin with.
PIECES = {"shocks": "extends: mass-unplug\n"}

FENCE = re.compile(r"```(\w*)(?: title=\"(\S+)\")?\n(.*?)```", re.DOTALL)
INLINE = re.compile(r"`v2gcity ([a-z][^`]*)`")
SAVED = re.compile(r"Save this as `(\S+)`")


class Installed(NamedTuple):
    """An unpacked wheel and what a process needs to run from it alone."""

    target: Path
    environment: dict[str, str]


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel of these sources, unpacked; the libraries are those of this environment."""
    place = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    build += ["--no-build-isolation", "--no-index", "--wheel-dir", str(place), str(ROOT)]
    built = subprocess.run(build, cwd=place, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = place.glob("*.whl")
    target = place / "target"
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(target)
    environment = os.environ | {
        "PYTHONPATH": str(target),
        "MPLBACKEND": "agg",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    environment["V2GCITY_CACHE_DIR"] = str(shared_machine_code(target, place / "cache"))
    return Installed(target, environment)


def shared_machine_code(target: Path, cache: Path) -> Path:
    """A cache in which the wheel's copy of a package finds the machine code of the sources.

    Numba puts a function's machine code into a folder named after that of its source: without this the
    same sources in another place would be compiled anew, for a minute and a half.
    """
    ours = cache_folder()
    theirs = cache / "machine-code" / ours.name
    theirs.mkdir(parents=True)
    sources = [each for name in COMPILED_PACKAGES for each in (ROOT / "sim" / name).glob("*.py")]
    for source in sources:
        twin = target / source.relative_to(ROOT)
        shutil.copystat(source, twin)  # numba before 0.68 goes by the time of the file
        name, kept = (
            UserProvidedCacheLocator.get_suitable_cache_subpath(str(each)) for each in (twin, source)
        )
        if not (theirs / name).is_symlink():
            (ours / kept).mkdir(exist_ok=True)
            (theirs / name).symlink_to(ours / kept, target_is_directory=True)
    return cache


# -------------------------------------------------------------------------------- what pages say
def steps_of(page: Path) -> list[dict[str, Any]]:
    """All there is to do on a page, in its order."""
    steps = [step for line in BEFORE.get(page.name, []) for step in command_steps(line)]
    text, at = page.read_text(encoding="utf-8"), 0
    for fence in FENCE.finditer(text):
        before = text[at : fence.start()]
        steps += inline_steps(before)
        steps += block_steps(page.name, fence[1], fence[2] or saved_as(before), fence[3])
        at = fence.end()
    return steps + inline_steps(text[at:])


def saved_as(before: str) -> str | None:
    """Name of a file that the last paragraph says to save."""
    named = SAVED.findall(before[-400:])
    return named[-1] if named else None


def block_steps(page: str, language: str, name: str | None, text: str) -> list[dict[str, Any]]:
    """What to do with a block: type it, run it, or save it and have it checked."""
    if language in ("", "console", "sh"):
        lines = [line.removeprefix("v2gcity ") for line in text.splitlines() if line.startswith("v2gcity ")]
        return [step for line in lines for step in command_steps(line)]
    if language == "python":
        kept = [{"kind": "file", "name": name, "text": text}] if name else []
        return [*kept, {"kind": "code", "cells": [text], "where": page}]
    return yaml_steps(name or "own.yaml", text) if language == "yaml" else []


def yaml_steps(name: str, text: str) -> list[dict[str, Any]]:
    """Save a scenario or a sweep, and check it."""
    if re.search(r"^outcomes:", text, re.MULTILINE):
        return [{"kind": "file", "name": name, "text": text}, {"kind": "sweep file", "name": name}]
    key = text.partition(":")[0]
    saved = {"kind": "file", "name": name, "text": PIECES.get(key, "") + text}
    return [saved, *command_steps(f"validate {name}")]


def inline_steps(text: str) -> list[dict[str, Any]]:
    """Commands in prose; a name alone, of a command that needs more, is only a mention."""
    return [step for line in INLINE.findall(text) if not is_mention(line) for step in command_steps(line)]


def is_mention(line: str) -> bool:
    name, *words = shlex.split(line, comments=True)
    return not words and any(each.required for each in main.commands[name].params)


def command_steps(line: str) -> list[dict[str, Any]]:
    """A command as it is typed, made smaller; none if there is a reason."""
    words = [MEANT.get(word, word) for word in shlex.split(line, comments=True)]
    if longest(NOT_DONE, words) is not None:
        return []
    found = longest(SMALLER, words)
    more = shlex.split(SMALLER[found]) if found is not None else []
    return [{"kind": "command", "words": [words[0], *more, *words[1:]]}]


def longest(table: dict[str, str], words: list[str]) -> str | None:
    """The longest beginning of a command that stands in a table."""
    plain = " ".join(bare(word) for word in words)
    found = [each for each in table if plain == each or plain.startswith(f"{each} ")]
    return max(found, key=len, default=None)


def bare(word: str) -> str:
    """A shipped file by its name alone."""
    return Path(word).stem if word.startswith("scenarios/") else word


# ---------------------------------------------------------------------------------- doing it
def do(installed: Installed, folder: Path, steps: list[dict[str, Any]], **settings: Any) -> list[str]:
    """Do steps in a folder that was empty; what went wrong, a text for each."""
    assert not list(folder.iterdir())
    asked = json.dumps({"settings": PYTHON_SETTINGS | settings, "steps": steps})
    done = subprocess.run(
        [sys.executable, "-P", str(ROOT / "tests" / "stranger.py")],
        cwd=folder, env=installed.environment, input=asked, capture_output=True, text=True, check=False,
    )  # fmt: skip
    first, *answers = [json.loads(line) for line in done.stdout.splitlines()] or [{"from": ""}]
    assert Path(first["from"]).is_relative_to(installed.target), done.stderr
    assert len(answers) == len(steps), f"ended early: {done.stderr[-2000:]}"
    return list(mistakes(steps, answers))


def mistakes(steps: list[dict[str, Any]], answers: list[dict[str, Any]]) -> Iterator[str]:
    for step, answer in zip(steps, answers, strict=True):
        print(f"{answer['seconds']:7.2f} s", *step.get("words", [step["kind"]]))  # shown by pytest -rA
        if answer["code"] != 0:
            what = shlex.join(step["words"]) if "words" in step else str(step.get("name", step["kind"]))
            yield f"{what}: exit {answer['code']}\n{answer['said'].strip()}"


@pytest.mark.parametrize("page", [page for page in PAGES if steps_of(page)], ids=lambda page: page.stem)
def test_a_page_does_what_it_says(page: Path, installed: Installed, tmp_path: Path) -> None:
    """Every command, file and piece of Python, one after another."""
    settings = SWEEP_SETTINGS if page.stem in ("README", "sweeps") else {}
    wrong = do(installed, tmp_path, steps_of(page), **settings)
    assert not wrong, "\n\n".join(wrong)


def test_every_shipped_scenario_is_known_by_every_form_of_its_name(
    installed: Installed, tmp_path: Path
) -> None:
    names = [form.format(name) for name in SHIPPED for form in ("{}", "scenarios/{}.yaml")]
    steps = [{"kind": "command", "words": ["validate", name]} for name in [*names, "base/shanghai"]]
    wrong = do(installed, tmp_path, steps)
    assert not wrong, "\n\n".join(wrong)


def test_every_shipped_sweep_is_known_by_its_name(installed: Installed, tmp_path: Path) -> None:
    forms = ("scenarios/sweeps/{}.yaml", "sweeps/{}")
    steps = [{"kind": "sweep file", "name": form.format(name)} for name in SWEEPS for form in forms]
    wrong = do(installed, tmp_path, steps)
    assert not wrong, "\n\n".join(wrong)


def test_a_name_that_is_not_shipped_is_told_with_those_that_are(installed: Installed, tmp_path: Path) -> None:
    (wrong,) = do(installed, tmp_path, [{"kind": "command", "words": ["validate", "quickstrat"]}])
    assert "exit 2" in wrong
    assert all(name in wrong for name in SHIPPED)


def test_a_new_scenario_runs_as_it_is_written(installed: Installed, tmp_path: Path) -> None:
    lines = [
        "new mine",
        "new cold --from shanghai-winter",
        "validate mine.yaml",
        "run mine.yaml",
        "run cold.yaml",
    ]
    wrong = do(installed, tmp_path, [step for line in lines for step in command_steps(line)])
    assert not wrong, "\n\n".join(wrong)
    assert "#" in (tmp_path / "mine.yaml").read_text(encoding="utf-8"), "comments to start from"


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_of_the_wheel_runs(name: str, installed: Installed, tmp_path: Path) -> None:
    (path,) = installed.target.rglob(name)
    book = json.loads(path.read_text(encoding="utf-8"))
    cells = ["".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "code"]
    wrong = do(installed, tmp_path, [{"kind": "code", "cells": cells, "where": name}], **SWEEP_SETTINGS)
    assert not wrong, "\n\n".join(wrong)


def test_the_page_in_the_browser_is_served(installed: Installed, tmp_path: Path) -> None:
    """A real server, for what the pages themselves say about `view` is stopped short of serving."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    words = [sys.executable, "-P", "-m", "sim", "view", "shanghai-winter", "--no-browser", "--port", port]
    with subprocess.Popen(
        words,
        cwd=tmp_path,
        env=installed.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as served:
        said = next((line for line in served.stdout or () if "http://" in line), "")
        served.terminate()
    assert f":{port}" in said


# ------------------------------------------------------------------------------- the tables
def test_no_entry_of_the_tables_is_left_over() -> None:
    """A reason for a command that no page has any more would hide the next one of that name."""
    typed = [line for page in PAGES for line in typed_lines(page)] + [
        x for each in BEFORE.values() for x in each
    ]
    words = [[MEANT.get(word, word) for word in shlex.split(line, comments=True)] for line in typed]
    plain = [" ".join(bare(word) for word in each) for each in words]
    for beginning in [*SMALLER, *NOT_DONE]:
        assert any(f"{line} ".startswith(f"{beginning} ") for line in plain), beginning


def typed_lines(page: Path) -> list[str]:
    text = page.read_text(encoding="utf-8")
    return re.findall(r"^v2gcity ([a-z].*)$", text, re.MULTILINE) + INLINE.findall(text)
