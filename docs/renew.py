"""Renew every figure, table and picture of the README and the docs from stored results.

``python docs/renew.py`` writes what can be written from ``results/reference`` and from the code, in seconds.
``python docs/renew.py --run`` makes the stored results anew first, which takes about two hours; each is stamped
with the hash of the code that made it (``results/reference/made_with.csv``). Pictures of the page need a Chromium:
``python docs/make_view_pictures.py``.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from stamps import of_other_code

HERE = Path(__file__).parent
#: What writes a page, in order; those that can also measure take ``--run``.
WRITERS = (
    "make_parameters", "make_commands", "make_agents", "make_floors", "make_prose", "make_gap_table",
    "make_claims_table", "make_referee_tables", "make_regime_table", "make_pilot_table", "make_behaviour_table", "make_grid_table", "make_convergence",
)  # fmt: skip
MEASURING = WRITERS[5:]


def main() -> None:
    """Run all writers."""
    again = "--run" in sys.argv[1:]
    if again:
        subprocess.run([sys.executable, HERE.parent / "tests" / "update_reference.py"], check=True)
    for name in WRITERS:
        print(name, flush=True)
        options = ["--run"] if again and name in MEASURING else []
        subprocess.run([sys.executable, HERE / f"{name}.py", *options], check=True)
    older = of_other_code()
    if older:
        print(f"made by other code than this: {', '.join(older)}")


if __name__ == "__main__":
    main()
