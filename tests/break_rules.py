"""Break the rules on purpose, one at a time, and see which tests turn red.

``python tests/break_rules.py`` copies the project, makes one change of ``breakages.yaml``, runs the tests named
for it, and prints a table. A breakage that no test notices is a missing test; the command then fails. The table
of the last run stands in ``tests/README.md``. Takes about half an hour.

A change is an edit of the syntax tree: it names a rule (file and function), the code that stands there and the
code that shall stand there. Layout, comments and the folder of a file do not matter to it.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
TABLE = Path(__file__).with_name("breakages.yaml")


@dataclass(frozen=True)
class Breakage:
    """One wrong change: what it means, in which rule, what for what, and who should notice."""

    what: str
    rule: str
    old: str
    new: str
    tests: tuple[str, ...]


class NoPlaceError(LookupError):
    """The rule, or the code to change in it, is not there exactly once."""


def breakages() -> list[Breakage]:
    """All rows of the table."""
    rows = YAML(typ="safe").load(TABLE.read_text("utf-8"))
    return [Breakage(**{**row, "tests": tuple(row["tests"])}) for row in rows]


def file_of(breakage: Breakage, root: Path = ROOT) -> Path:
    """File in which the rule stands, wherever in the package that is."""
    found = sorted((root / "sim").rglob(f"{breakage.rule.partition('.')[0]}.py"))
    holding = [path for path in found if _scope(ast.parse(path.read_text("utf-8")), breakage) is not None]
    if len(holding) != 1:
        raise NoPlaceError(f"{breakage.what}: {breakage.rule} stands in {len(holding)} files")
    return holding[0]


def broken(source: str, breakage: Breakage) -> str:
    """Source of the file with the wrong change made in it."""
    tree = ast.parse(source)
    scope = _scope(tree, breakage)
    old, new = ast.parse(breakage.old).body, ast.parse(breakage.new).body
    places = [] if scope is None else list(_places(scope, old))
    if len(places) != 1:
        raise NoPlaceError(
            f"{breakage.what}: what is to change stands {len(places)} times in {breakage.rule}"
        )
    parent, field, index, length = places[0]
    if length:
        getattr(parent, field)[index : index + length] = new
    else:
        expression = new[0].value  # type: ignore[attr-defined]
        if index is None:
            setattr(parent, field, expression)
        else:
            getattr(parent, field)[index] = expression
    return ast.unparse(ast.fix_missing_locations(tree))


def _scope(tree: ast.AST, breakage: Breakage) -> ast.AST | None:
    """Function or class that a rule names, or the whole file where it names none."""
    scope: ast.AST | None = tree
    for name in breakage.rule.split(".")[1:]:
        inside = ast.walk(scope) if scope is not None else iter(())
        defined = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        scope = next((each for each in inside if isinstance(each, defined) and each.name == name), None)
    return scope


def _places(scope: ast.AST, old: list[ast.stmt]) -> Iterator[tuple[ast.AST, str, int | None, int]]:
    """Where code stands: the node above, its field, the index in it, and how many statements (0: an expression)."""
    expression = isinstance(old[0], ast.Expr) and len(old) == 1
    wanted = [ast.dump(each) for each in old]
    inner = ast.dump(old[0].value) if isinstance(old[0], ast.Expr) else ""
    for node in ast.walk(scope):
        for field, value in ast.iter_fields(node):
            if isinstance(value, ast.expr) and expression and not isinstance(node, ast.Expr):
                if ast.dump(value) == inner:
                    yield node, field, None, 0
            elif isinstance(value, list):
                dumped = [ast.dump(each) if isinstance(each, ast.AST) else "" for each in value]
                for at in range(len(dumped)):
                    if dumped[at : at + len(wanted)] == wanted:
                        yield node, field, at, len(wanted)
                    elif expression and dumped[at] == inner:
                        yield node, field, at, 0


def tried(breakage: Breakage) -> tuple[Breakage, str]:
    """Make the change in a copy, run the tests, and return the first test that noticed (or "")."""
    with tempfile.TemporaryDirectory(prefix="v2gcity-broken-") as place:
        copy = Path(place) / "copy"
        shutil.copytree(
            ROOT, copy, ignore=shutil.ignore_patterns(".git", ".venv", "results", "__pycache__", ".*_cache")
        )
        # Tests hold these against the documents; without them some would be red whatever was broken.
        shutil.copytree(ROOT / "results" / "reference", copy / "results" / "reference")
        path = file_of(breakage, copy)
        path.write_text(broken(path.read_text("utf-8"), breakage), encoding="utf-8")
        environment = os.environ | {"V2GCITY_CACHE_DIR": str(Path(place) / "cache"), "PYTHONPATH": str(copy)}
        options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly"]
        outcome = subprocess.run(
            [sys.executable, "-m", "pytest", *options, *breakage.tests],
            cwd=copy, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
    if outcome.returncode not in (0, 1):
        raise SystemExit(
            f"{breakage.what}: pytest could not run {' '.join(breakage.tests)}\n{outcome.stderr}"
        )
    red = [line for line in outcome.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return breakage, red[0].split(" - ")[0].split("::", 1)[-1].split("[")[0] if red else ""


def main() -> None:
    """Try all breakages, or those whose description contains the first argument."""
    wanted = [each for each in breakages() if len(sys.argv) < 2 or sys.argv[1] in each.what]
    missed = 0
    with ThreadPoolExecutor(2) as pool:
        for breakage, noticed in pool.map(tried, wanted):
            missed += not noticed
            seen = f"`{noticed}`" if noticed else "**not noticed**"
            print(f"| {breakage.what} | `{breakage.rule}` | {seen} |", flush=True)
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
