"""Pages that are made from data say what the data say; links and commands in the docs work."""

from __future__ import annotations

import csv
import importlib.util
import os
import re
import subprocess
import sys

import pytest
from click.testing import CliRunner

from sim.cli import main
from tests.conftest import ROOT

DOCS = sorted((ROOT / "docs").glob("*.md"))
COMMAND = re.compile(r"^v2gcity ([a-z-]+)(.*)$", re.MULTILINE)


def script(name):
    """A script of the docs folder as a module."""
    sys.path.insert(0, str(ROOT / "docs"))
    try:
        spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.pop(0)
    return module


#: A result told in prose: what changes, how, and a figure.
RESULT = re.compile(
    r"(?:median (?:enrolled )?owner|society|peak(?: cut| of net load)?|V2G|coal|CO2|the fleet)[^.|;\n]{0,60}?"
    r"\b(?:earns?|is left|gains?|loses?|falls?|rises?|is cut|lowers?|raises?|adds?|saves?|burns?|is worth)\b[^.|;\n]{0,40}?\b\d",
    re.IGNORECASE,
)


def by_hand(page):
    """What of a page is written by hand: neither code nor what a program put between marks."""
    text = re.sub(r"```.*?```", "", page, flags=re.DOTALL)
    text = re.sub(r"<!-- (?!end)([\w ]+) -->.*?<!-- end of \1 -->", "", text, flags=re.DOTALL)
    return text.replace("\n", " ")


@pytest.mark.parametrize(
    "path",
    [*(path for path in DOCS if path.stem != "claims"), ROOT / "README.md"],
    ids=lambda path: path.stem,
)
def test_no_result_is_written_by_hand(path):
    """Results stand between marks, where programs write them from one stored run: no two pages can disagree."""
    found = [match.group() for match in RESULT.finditer(by_hand(path.read_text(encoding="utf-8")))]
    assert not found, found


def test_a_result_written_by_hand_is_found():
    page = "V2G burns 1.3% more coal.\n<!-- a -->\nThe peak falls by 3 MW.\n<!-- end of a -->\nIt is so."
    assert [match.group() for match in RESULT.finditer(by_hand(page))] == ["V2G burns 1"]
    assert RESULT.search("the median owner then\nearns 2.2 yuan".replace("\n", " "))


def test_agents_are_those_of_the_classes():
    assert (ROOT / "docs" / "agents.md").read_text(encoding="utf-8") == script("make_agents").page()


def test_parameters_are_those_of_the_sections():
    assert (ROOT / "docs" / "parameters.md").read_text(encoding="utf-8") == script("make_parameters").page()


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.stem)
def test_links_lead_somewhere(path):
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        if not target.startswith(("http:", "https:")):
            assert (path.parent / target).exists(), f"{path.name}: {target}"


@pytest.mark.parametrize("path", [*DOCS, ROOT / "README.md"], ids=lambda path: path.stem)
def test_anchors_exist(path):
    for page, anchor in re.findall(r"\]\(([^)#\s]*\.md)?#([^)]+)\)", path.read_text(encoding="utf-8")):
        target = path.parent / page if page else path
        heads = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
        known = {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}
        assert anchor in known, f"{path.name}: {page}#{anchor}"


@pytest.mark.parametrize("path", [*DOCS, ROOT / "README.md"], ids=lambda path: path.stem)
def test_commands_exist_with_their_options(path):
    for name, rest in COMMAND.findall(path.read_text(encoding="utf-8")):
        assert name in main.commands, f"{path.name}: v2gcity {name}"
        known = {option for each in main.commands[name].params for option in each.opts}
        for option in re.findall(r"(?<!\S)(--[a-z-]+)", rest.split("#")[0]):
            assert option in known | {"--help"}, f"{path.name}: v2gcity {name} {option}"
        assert CliRunner().invoke(main, [name, "--help"]).exit_code == 0


def test_the_claims_page_shows_the_kept_answers():
    made = script("make_claims_table")
    page = (ROOT / "docs" / "claims.md").read_text(encoding="utf-8")
    for text in (made.claims_table(), made.check_table()):
        assert text in page


def test_the_page_of_convergence_shows_the_kept_rows():
    page = (ROOT / "docs" / "convergence.md").read_text(encoding="utf-8")
    assert script("make_convergence").table() in page


def test_the_page_of_commands_is_the_programs_own():
    assert (ROOT / "docs" / "commands.md").read_text(encoding="utf-8") == script("make_commands").page()


def test_the_site_builds_without_a_warning(tmp_path):
    """Strict: no dead link, no page left out, no object of the reference that is not there."""
    command = [
        sys.executable,
        "-m",
        "mkdocs",
        "build",
        "--quiet",
        "--strict",
        "-f",
        "docs/mkdocs.yml",
        "-d",
        str(tmp_path),
    ]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    built = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    for loaded in re.findall(r'(?:src|<link[^>]+href)="([^"]+)"', text):
        assert not loaded.startswith(("http", "//")), loaded


def test_every_stored_result_says_which_code_made_it():
    with (ROOT / "results" / "reference" / "made_with.csv").open(encoding="utf-8", newline="") as stream:
        stamped = {row["file"] for row in csv.DictReader(stream)}
    stored = {path.name for path in (ROOT / "results" / "reference").iterdir()} - {"made_with.csv"}
    assert stamped == stored
