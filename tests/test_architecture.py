"""The house: layers, sizes, hashed sources, and words that do not belong in it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sim.rules import compiling
from tests.conftest import ROOT
from tools import make_records

SOURCES = sorted((ROOT / "sim").rglob("*.py"))
COMPILERS = {f"sim.rules.compiling.{name}" for name in ("compiled", "per_row", "part_of_row")}


def imported_by(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def test_every_source_that_compiled_code_depends_on_is_hashed():
    """Numba's cache would go on running the old machine code of a rule it does not know has changed."""
    hashed = {f"sim.{name}" for name in compiling.COMPILED_PACKAGES}
    for path in SOURCES:
        if imported_by(path) & COMPILERS:
            package = path.relative_to(ROOT).parts[1]
            assert package in compiling.COMPILED_PACKAGES, f"{path} is compiled but not hashed"
            for module in imported_by(path):
                if module.startswith("sim."):
                    home = ".".join(module.split(".")[:2])
                    assert home in hashed | {"sim.data", "sim.scenario"}, (
                        f"{path} freezes constants of {module}"
                    )


def test_an_edited_rule_gets_a_cache_of_its_own(tmp_path, monkeypatch):
    package = tmp_path / "sim"
    for name in compiling.COMPILED_PACKAGES:
        (package / name).mkdir(parents=True)
    (package / "rules" / "compiling.py").write_text("")
    kinds = package / "data" / "tables" / "charger_kinds.csv"
    kinds.parent.mkdir(parents=True)
    kinds.write_text("kind\nhome\n")
    monkeypatch.setattr(compiling, "__file__", str(package / "rules" / "compiling.py"))
    before = compiling.source_hash()
    (package / "city" / "codes.py").write_text("HOME = 1\n")
    edited = compiling.source_hash()
    assert edited != before
    kinds.write_text("kind\nkerb\nhome\n")
    assert compiling.source_hash() != edited, "machine code numbers the kinds"


def test_the_cache_survives_a_folder_that_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("V2GCITY_CACHE_DIR", str(tmp_path / "file"))
    folder = compiling.cache_folder()
    assert folder.is_dir()
    assert "v2gcity-" in folder.name


def test_unused_machine_code_is_forgotten(tmp_path, monkeypatch):
    import os

    monkeypatch.setenv("V2GCITY_CACHE_DIR", str(tmp_path))
    old = tmp_path / "machine-code" / "0123456789abcdef"
    old.mkdir(parents=True)
    os.utime(old, (0, 0))
    assert compiling.cache_folder().is_dir()
    assert not old.exists()


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_are_short_enough_to_read(path):
    assert len(path.read_text().splitlines()) <= 420


def test_rules_know_nothing_but_numbers():
    """Rules can be read, tested and cited alone: they import numpy, numba and each other."""
    for path in (ROOT / "sim" / "rules").glob("*.py"):
        for module in imported_by(path):
            assert module.split(".")[0] != "sim" or module.startswith("sim.rules"), (
                f"{path.name} imports {module}"
            )


def test_imports_point_down_the_layers():
    outcome = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
        capture_output=True, text=True, cwd=ROOT,
    )  # fmt: skip
    if "No module named" in outcome.stderr:
        pytest.skip("import-linter is not installed")
    assert outcome.returncode == 0, outcome.stdout


#: Files that serve a page on this machine and open it.
SPEAKS_TO_ITSELF = (
    "tests/view/test_browser.py",
    "tests/view/test_guard.py",
    "tests/view/test_origins.py",
)


def test_nothing_of_a_machine_or_of_unfinished_work_is_in_the_files():
    listed = subprocess.run(["git", "ls-files"], capture_output=True, text=True, cwd=ROOT, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    unfinished = re.compile("TO" + "DO|FIX" + "ME|XX" + "X|/(?:root|home|work)/|https?://(?:localhost|127)")
    for name in listed.stdout.split():
        path = ROOT / name
        if name in SPEAKS_TO_ITSELF:
            continue
        if path.suffix in {".py", ".md", ".toml", ".yaml", ".txt", ".cff", ""} and path.is_file():
            found = unfinished.search(path.read_text(encoding="utf-8"))
            assert not found, f"{name}: {found.group()}"


def test_text_is_plain():
    """No emoji anywhere; no tabs in Python."""
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        assert not re.search("[\U0001f300-\U0001faff\u2600-\u27bf]", text), path
        assert "\t" not in text, path


def test_types_of_records_are_those_of_their_columns():
    """Regenerate with: python tools/make_records.py"""
    for path, text in make_records.files().items():
        assert path.read_text("utf-8") == text, path


def test_rules_name_the_types_of_what_they_work_on():
    untyped = re.compile(r"\b(w|f|driver|car|charger|moment|account|town|plan): Any\b")
    for path in [
        *(ROOT / "sim/agents").glob("*.py"),
        *(ROOT / "sim/city").glob("*.py"),
        *(ROOT / "sim/rules").glob("*.py"),
    ]:
        assert not untyped.findall(path.read_text("utf-8")), path
