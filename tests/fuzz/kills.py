"""Kill runs at random moments: ``python tests/fuzz/kills.py [TIMES] [run] [sweep] [claims]``.

A run with checkpoints, a sweep and the runs of the claims are killed (SIGKILL) at random moments, so many times
each, and started again until they are done. What they leave must be what they leave undisturbed, to the byte:
tables and summaries of a run, tables of a sweep, summaries of the claims. Exit code 1 where it is not.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random

ROOT = Path(__file__).parents[2]
CITY = """\
extends: {base}
time: {{days: {days}, warmup_days: 1}}
fleet: {{sample: 0.0003}}
outputs: {{figures: false}}
replications: 2
"""
SWEEP = """\
scenario: city.yaml
settings: {time.days: 1, arms.smart: null}
design: {kind: grid}
parameters:
  enrolled: {path: participation.enrolled_share, values: [0.05, 0.1, 0.2, 0.3, 0.35]}
  power: {path: chargers.bidirectional_kw, values: [3.3, 6.6, 11.0, 14.0]}
replications: 2
outcomes: {peak_cut_mw: effects.v2g.peak_shaving_mw}
"""
CLAIMS = """\
import sys
from pathlib import Path
import sim.runs.checkpoint
from sim.studies.article import runs
from sim.runs.reproduce import few
TINY = {**few(400), "arms.smart": None}
WANTED = {f"run{n}": runs.Wanted("quickstart.yaml", {**TINY, "seed": n}) for n in range(12)}
runs.WANTED, runs.GAP_ASKED = WANTED, {"cars": 12, "days": 1, "replications": 1}
if __name__ == "__main__":
    runs.Bench(Path(sys.argv[1]), False, print).make_ahead()
"""


def command_of(what: str, folder: Path) -> list[str]:
    """How one of the three is started."""
    if what == "claims":
        (folder / "claims.py").write_text(CLAIMS)
        return [sys.executable, str(folder / "claims.py"), str(folder / "out")]
    (folder / "city.yaml").write_text(
        CITY.format(base=ROOT / "scenarios" / "quickstart.yaml", days=6 if what == "run" else 1)
    )
    (folder / "sweep.yaml").write_text(SWEEP)
    of = {
        "run": ["run", "city.yaml", "--checkpoint", "--quiet"],
        "sweep": ["sweep", "sweep.yaml", "--quiet", "--workers", "2", "--store", "store"],
    }
    return [sys.executable, "-m", "sim", *of[what], "--out", "out"]


def digests(what: str, folder: Path) -> dict[str, str]:
    """Digests of what was left, without what tells of time and machine."""
    found = {}
    for path in sorted((folder / "out").rglob("*")):
        if path.suffix in (".parquet", ".csv") or path.name == "summary.json":
            found[str(path.relative_to(folder))] = hashlib.sha256(path.read_bytes()).hexdigest()
    assert found, f"{what} left nothing"
    return found


def started(what: str, folder: Path) -> subprocess.Popen[str]:
    """Start it in a group of its own, so that a kill takes its workers too."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        command_of(what, folder), cwd=folder, env=environment, text=True, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip


def tried(what: str, times: int, random: Random, place: Path) -> bool:
    """Whether killing makes no difference."""
    calm, rough = place / f"{what}-calm", place / f"{what}-rough"
    calm.mkdir(), rough.mkdir()
    begun = time.monotonic()
    process = started(what, calm)
    said = process.communicate()[1]
    assert process.returncode == 0, said
    whole_s, kills, starts = time.monotonic() - begun, 0, 0
    while True:
        process, starts = started(what, rough), starts + 1
        try:
            said = process.communicate(
                timeout=random.uniform(0.02, 0.6) * whole_s if kills < times else None
            )[1]
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.communicate()
            kills += 1
            continue
        assert process.returncode == 0, f"{what}, after {kills} kills: {said}"
        if kills >= times:
            break
        (rough / "out").rename(
            rough / f"done-{starts}"
        )  # it was done before its time: once more from the start
        if what == "sweep":
            (rough / "store").rename(rough / f"store-{starts}")
    found, expected = digests(what, rough), digests(what, calm)
    same = found == expected
    for name in sorted(set(found) | set(expected)):
        if found.get(name) != expected.get(name):
            print(f"{what}: {name} differs")
    left = [
        path.name for path in rough.rglob("*") if path.name.startswith(".v2gcity") or path.suffix == ".part"
    ]
    print(
        f"{what}: {kills} kills in {starts} starts, {'the same' if same else 'DIFFERENT'}; left over: {len(left)}"
    )
    return same


def main() -> None:
    """Try the three, or those that are named."""
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    random, kinds = Random("kills"), sys.argv[2:] or ["run", "sweep", "claims"]
    with tempfile.TemporaryDirectory(prefix="v2gcity-kills-") as place:
        same = [tried(what, times, random, Path(place)) for what in kinds]
    print(json.dumps({"times": times, "same": same}))
    sys.exit(0 if all(same) else 1)


if __name__ == "__main__":
    main()
