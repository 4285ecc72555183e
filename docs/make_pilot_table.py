"""Write what pilots published and what the model makes of them into ``docs/money.md``.

``python docs/make_pilot_table.py`` reads ``results/reference/pilots.csv``; with ``--run`` it first measures that
anew (a minute): the scenarios of ``scenarios/pilots``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
from page_table import put_between
from stamps import stamp

ROOT = Path(__file__).parents[1]
ROWS = ROOT / "results" / "reference" / "pilots.csv"
PAGE = ROOT / "docs" / "money.md"
BEGIN, END = "<!-- pilot table -->", "<!-- end of pilot table -->"
USES = {
    "check": "checks the model",
    "set": "was in view when a share was chosen",
    "bound": "a lower bound, checks the model",
    "follows": "follows from the row beside it",
}


def measure() -> None:
    """Run the pilots and keep the rows."""
    from sim.studies.pilots import pilots_table

    pilots_table(ROOT / "scenarios" / "pilots", print).to_csv(ROWS, index=False, float_format="%.4g")
    stamp(ROWS.name)


def table() -> str:
    """The rows as a Markdown table."""
    lines = [
        "| pilot | figure | published | model | the figure | note | source |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in pd.read_csv(ROWS).to_dict("records"):
        unit = "" if row["unit"] == "-" else f" {row['unit']}"
        lines.append(
            f"| `{row['pilot']}` | {row['what']} | {row['value']:,.4g}{unit} | {row['model']:,.3g}{unit} "
            f"| {USES[row['use']]} | {row['note']} | {row['source']} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    if "--run" in sys.argv[1:]:
        measure()
    put_between(PAGE, BEGIN, END, table())
