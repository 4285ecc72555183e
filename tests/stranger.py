"""Does what a page of the docs says, one step after another, in the folder it is started in.

Steps come as JSON on standard input, one answer for each leaves as a line of JSON. It runs beside an
unpacked wheel, never beside the sources: see tests/test_installed.py.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import time
import traceback
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import sim
import sim.runs.sweeps.plan as plans

Step = dict[str, Any]


def main() -> None:
    """Shrink what Python code runs, then do the steps."""
    given = json.load(sys.stdin)
    shrink(given["settings"])
    print(json.dumps({"from": sim.__file__}))
    for step in given["steps"]:
        said, begun = io.StringIO(), time.process_time()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            code = DO[step["kind"]](step)
        took = round(time.process_time() - begun, 2)
        print(json.dumps({"code": code, "said": said.getvalue()[-3000:], "seconds": took}), flush=True)


def shrink(settings: dict[str, Any]) -> None:
    """Make small what no command line can: Python code, sweeps, and a page that serves for ever."""
    load, read = sim.load_scenario, plans.load_sweep

    def small_scenario(source: Any, own: Any = ()) -> Any:
        return load(source, {**settings, **own} if not isinstance(own, tuple | list) else settings)

    def small_sweep(source: Any) -> Any:
        plan = read(source)
        base, fewer = load(plan.base, settings), fewer_points(plan.sweep)
        return plans.Plan(fewer, base, plan.document)

    plans.load_sweep = small_sweep  # before it is imported by its name
    api, launch = import_module("sim.api"), import_module("sim.view.launch")
    sim.load_scenario = small_scenario  # type: ignore[assignment]
    sim.run = partial(run_small, api.run, settings)
    sim.sweep = partial(api.sweep, workers=0)
    vars(launch)["_serve"] = lambda host, port, browser, say: say(f"{host}:{port}")


def run_small(run: Callable[..., Any], small: dict[str, Any], source: Any, *more: Any, **own: Any) -> Any:
    """A run of a file is made small; a scenario that was loaded is small already."""
    if isinstance(source, str | Path):
        own["settings"] = {**small, **own.get("settings", {})}
    return run(source, *more, **own)


def fewer_points(sweep: Any) -> Any:
    """The same sweep with two values of each parameter and at most two draws."""
    parameters = {name: two_values(each) for name, each in sweep.parameters.items()}
    draws = min(sweep.replications, 2) if isinstance(sweep.replications, int) else sweep.replications
    return sweep.model_copy(update={"parameters": parameters, "replications": draws})


def two_values(parameter: Any) -> Any:
    """A parameter with its first two values, or the ends of its range."""
    values = parameter.values and parameter.values[:2]
    labels = parameter.labels and parameter.labels[:2]
    return parameter.model_copy(update={"values": values, "labels": labels, "levels": parameter.levels and 2})


def command(step: Step) -> int:
    """A line of the command line, without the name of the program."""
    from sim.cli import main as v2gcity

    try:
        v2gcity.main(step["words"], prog_name="v2gcity")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except Exception:
        traceback.print_exc()
        return 1
    return 0


def code(step: Step) -> int:
    """Cells of Python that share their names; as a script, which starts no processes of its own."""
    names: dict[str, Any] = {"__name__": "__main__"}
    try:
        for number, cell in enumerate(step["cells"]):
            exec(compile(cell, f"{step['where']}, cell {number}", "exec"), names)
    except Exception:
        traceback.print_exc()
        return 1
    return 0


def file(step: Step) -> int:
    """A file that the page tells to save."""
    Path(step["name"]).write_text(step["text"], encoding="utf-8")
    return 0


def sweep_file(step: Step) -> int:
    """Only read a sweep: file, scenario, every key."""
    try:
        plans.load_sweep(step["name"])
    except Exception:
        traceback.print_exc()
        return 1
    return 0


DO: dict[str, Callable[[Step], int]] = {
    "command": command,
    "code": code,
    "file": file,
    "sweep file": sweep_file,
}

if __name__ == "__main__":
    main()
