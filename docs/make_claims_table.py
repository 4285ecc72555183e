"""Put the judged claims and the report card into ``docs/claims.md``.

``python docs/make_claims_table.py`` reads ``results/reference/{claims,check}.json``; with ``--run`` it first
makes them anew (about half an hour).
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from make_referee_tables import take_over
from page_table import put_between
from stamps import stamp

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "results" / "reference"
PAGE = ROOT / "docs" / "claims.md"


def claims_table() -> str:
    """One line for each claim."""
    found = json.loads((REFERENCE / "claims.json").read_text(encoding="utf-8"))
    lines = ["| | claim | the article | the model | verdict |", "| --- | --- | --- | --- | --- |"]
    for claim in found["claims"]:
        answer = claim["answer"]
        unit = "" if claim["unit"] == "-" else f" {claim['unit']}"
        verdict = f"**{answer['verdict']}** {answer['condition']}".strip()
        text = answer["text"] + (f" *{answer['inverse']}*" if answer["inverse"] else "")
        lines.append(
            f"| {claim['id']} | {claim['claim']} | {claim['article_figure']}{unit} | {text} | {verdict} |"
        )
    verdicts: dict[str, int] = {}
    for claim in found["claims"]:
        verdict = claim["answer"]["verdict"]
        verdicts[verdict] = verdicts.get(verdict, 0) + 1
    counted = ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items()))
    return (
        f"Of {len(found['claims'])} claims: {counted}. Run with `v2gcity claims`; intervals stand on the page it writes.\n\n"
        + "\n".join(lines)
    )


def check_table() -> str:
    """One line for each published figure."""
    card = json.loads((REFERENCE / "check.json").read_text(encoding="utf-8"))
    parts = [
        f"{title}\n\n{_rows([row for row in card if (row['use'] == 'calibration') == is_set])}"
        for title, is_set in (
            ("Figures that had no part in setting the model:", False), ("Figures the model was set to:", True)
        )
    ]  # fmt: skip
    return "\n\n".join([_counted(card), *parts])


def _rows(card: list[dict[str, Any]]) -> str:
    lines = [
        "| figure | published | model | tolerance | grade | why it is off | source |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in card:
        unit = "" if row["unit"] == "-" else f" {row['unit']}"
        if row["published"] is None:
            lines.append(f"| {row['what']} | none found | {row['model']:.3g}{unit} | | | | |")
            continue
        grade = row["grade"] if row["grade"] == "pass" else f"**{row['grade']}**"
        lines.append(
            f"| {row['what']} | {row['published']:.3g}{unit} | {row['model']:.3g}{unit} | ±{row['tolerance']:g} | {grade} | {'' if row['grade'] == 'pass' else row.get('cause', '')} | {row['source']} |"
        )
    return "\n".join(lines)


def _counted(card: list[dict[str, Any]]) -> str:
    graded = [row for row in card if row["published"] is not None]
    passed = sum(row["grade"] == "pass" for row in card)
    checks = [row for row in card if row["use"] == "check"]
    unseen = sum(row["grade"] == "pass" for row in checks)
    return (
        f"{passed} of {len(graded)} pass; of the {len(checks)} that were not used to set the model, {unseen}."
    )


def main() -> None:
    """Measure if asked to, then write."""
    if "--run" in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as scratch:
            for command, place in (("claims", "page/claims.json"), ("check", "check.json")):
                out = Path(scratch) / command
                subprocess.run(
                    [sys.executable, "-m", "sim", command, "--out", str(out)], check=True, cwd=ROOT
                )
                text = (out / place).read_text(encoding="utf-8").replace(str(out), f"results/{command}")
                (REFERENCE / f"{command}.json").write_text(text, encoding="utf-8")
                stamp(f"{command}.json")
            take_over(Path(scratch) / "claims")
    put_between(PAGE, "<!-- claims:begin -->", "<!-- claims:end -->", claims_table())
    put_between(PAGE, "<!-- check:begin -->", "<!-- check:end -->", check_table())


if __name__ == "__main__":
    main()
