"""Write the table of how far every policy is from the best possible into ``docs/policies.md``.

``python docs/make_gap_table.py`` reads ``results/reference/gap.csv``; with ``--run`` it first measures
that anew (ten minutes): ``v2gcity gap scenarios/quickstart.yaml --cars 1000 --replications 12``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pandas as pd
from page_table import put_between
from stamps import stamp

ROOT = Path(__file__).parents[1]
ROWS = ROOT / "results" / "reference" / "gap.csv"
PAGE = ROOT / "docs" / "policies.md"
BEGIN, END = "<!-- gap table -->", "<!-- end of gap table -->"
FORMS = {"one_way": "one-way", "two_way": "V2G"}
CARS, DRAWS = 1_000, 12


def measure() -> None:
    """Run the comparison and keep its rows."""
    from sim.runs.run import prepare
    from sim.studies.optimality_gap.gap import gap_table

    table = gap_table(prepare(ROOT / "scenarios" / "quickstart.yaml"), CARS, 1, DRAWS, print)
    table.to_csv(ROWS, index=False, float_format="%.3f")
    stamp(ROWS.name)


def _share(row: dict[str, Any], share: str) -> str:
    """A share of the best possible with its interval."""
    return f"{row[share]:.1f}% ({row[f'{share}_low']:.0f} to {row[f'{share}_high']:.0f})"


def table() -> str:
    """The rows as a Markdown table."""
    lines = [
        "| policy | form | forecasts | peak cut, MW | of the best cut | cost saved, yuan "
        "| of the best saving |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {row['policy']} | {FORMS[row['form']]} | {row['forecasts']} | {row['peak_cut_mw']:,.0f} "
        f"| {_share(row, 'peak_cut_pct')} | {row['saved_yuan']:,.0f} | {_share(row, 'saved_pct')} |"
        for row in pd.read_csv(ROWS).to_dict("records")
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    if "--run" in sys.argv[1:]:
        measure()
    put_between(PAGE, BEGIN, END, table())
