"""Throw mutated files at the loaders of scenarios and sweeps, guided by what code they reach.

``python tests/fuzz_loaders.py 300`` runs for so many seconds (default 60) with every shipped scenario and sweep as
a seed; it needs ``pip install atheris``. Anything but a scenario or a :class:`ScenarioError` whose lines
say where they are stops it with the bytes that did it. ``tests/scenario/test_fuzz.py`` tries whole values by
hypothesis in every run of the tests; here files are broken byte by byte.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["sim.scenario", "sim.runs.sweeps", "ruamel.yaml"]):
    from sim.runs.sweeps.plan import load_sweep
    from sim.scenario import ScenarioError, load_scenario
    from sim.scenario.shipped import scenarios_folder

SECONDS = 60
PLACE = Path(tempfile.mkdtemp(prefix="v2gcity-fuzz-"))


def load(data: bytes) -> None:
    """Load bytes as a scenario and as a sweep; whatever is wrong with them has to be told in lines."""
    path = PLACE / "any.yaml"
    path.write_bytes(data)
    for loader in (load_scenario, load_sweep):
        try:
            loader(path)
        except ScenarioError as error:
            for line in str(error).splitlines():
                if not re.match(r"^\S.*: .+", line):
                    raise AssertionError(f"a line that does not say where: {line!r}") from error


def main() -> None:
    """Fuzz for a time."""
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    seeds = PLACE / "seeds"
    seeds.mkdir()
    for path in scenarios_folder().rglob("*.yaml"):
        text = path.read_text(encoding="utf-8").replace("extends: ", f"extends: {path.parent}/")
        (seeds / path.name).write_text(text, encoding="utf-8")
    options = [f"-max_total_time={seconds}", "-max_len=4096", "-timeout=20", f"-artifact_prefix={PLACE}/"]
    atheris.Setup([sys.argv[0], *options, str(seeds)], load)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
