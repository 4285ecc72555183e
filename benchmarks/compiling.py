"""What it costs to compile all rules: CPU seconds, compiled variants, and files of machine code.

``python benchmarks/compiling.py CHECKOUT [CHECKOUT ...]`` compiles each checkout into an empty cache and runs
it again from the full one; the difference is what compiling costs. Two checkouts are compared side by side.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

WATCHED = """
import json, resource
from numba.core import event
counts = {"variants": 0, "own": 0}
class Count(event.Listener):
    def on_start(self, told):
        rule = told.data["dispatcher"].py_func
        counts["variants"] += 1
        counts["own"] += rule.__module__.startswith("sim")
    def on_end(self, told):
        pass
event.register("numba:compile", Count())
from sim.runs.precompile import warm_up
warm_up(lambda text: None)
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps(counts | {"cpu_s": used.ru_utime + used.ru_stime}))
"""


def measured(checkout: Path, cache: str) -> dict[str, float]:
    """One warm-up of a checkout."""
    environment = os.environ | {"PYTHONPATH": str(checkout), "V2GCITY_CACHE_DIR": cache}
    out = subprocess.run(
        [sys.executable, "-c", WATCHED],
        env=environment,
        cwd=cache,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found: dict[str, float] = json.loads(out.splitlines()[-1])
    return found


def main() -> None:
    """Print one line for each checkout."""
    for name in sys.argv[1:]:
        with tempfile.TemporaryDirectory(prefix="v2gcity-compiling-") as cache:
            cold, warm = (measured(Path(name).resolve(), cache) for _ in range(2))
            files = sum(1 for _ in Path(cache).rglob("*.nbc"))
            print(
                f"{name}: compiling {cold['cpu_s'] - warm['cpu_s']:.1f} s of CPU, "
                f"{cold['variants']:.0f} variants ({cold['own']:.0f} of rules), {files} files of machine code"
            )


if __name__ == "__main__":
    main()
