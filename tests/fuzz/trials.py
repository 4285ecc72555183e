"""Try a scenario or a broken input, and say what is wrong with the answer.

A fault has a signature (what kind, and where in the code or which sentence without its figures), by which
the campaign counts it once and by which a reproduction is made smaller without turning into another fault.
"""

from __future__ import annotations

import contextlib
import copy
import datetime as dt
import json
import re
import resource
import signal
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from click.testing import CliRunner

from sim.cli import main
from sim.runs.run import RunResult, prepare, simulate
from sim.runs.sweeps.plan import load_sweep
from sim.scenario import ScenarioError
from tests.fuzz.broken import Broken
from tests.fuzz.checks import first_day_differs, nonsense

Json = dict[str, Any]
Path_ = tuple[Any, ...]

LINE = re.compile(r"^\S.*?: .+")
MOST_SECONDS = 10.0
MOST_BYTES = 1e9
MOST_LETTERS = 2000
RAN, REFUSED = "ran", "refused"


class TooSlow(BaseException):
    """What is tried takes longer than it may; not an Exception, so that nothing swallows it."""


@dataclass(frozen=True)
class Fault:
    """Something wrong.

    Attributes
    ----------
    kind : str
        traceback, nonsense, warning, line, slow, exit or memory.
    text : str
        What was seen.
    where : str
        ``file:line`` of the project that raised it, where something was raised.
    """

    kind: str
    text: str
    where: str = ""

    @property
    def signature(self) -> str:
        """Equal for faults that are the same but for their figures."""
        text = re.sub(r"arm\d|plain", "ARM", self.text.split(" differs when")[0])
        words = self.text.split(":")[0] if self.kind in ("traceback", "slow") else text
        return f"{self.kind} {self.where} {re.sub(r'[-+]?[0-9][0-9.e+-]*', '#', words)[:90]}"


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """End what takes longer, of computing; or ten times as long of waiting, whatever else the machine does."""

    def ring(number: int, frame: FrameType | None) -> None:
        raise TooSlow(f"more than {seconds:g} s")

    clocks = ((signal.ITIMER_PROF, signal.SIGPROF, 1.0), (signal.ITIMER_REAL, signal.SIGALRM, 10.0))
    before = {number: signal.signal(number, ring) for _, number, _ in clocks}
    for clock, _, times in clocks:
        signal.setitimer(clock, times * seconds)
    try:
        yield
    finally:
        for clock, _, _ in clocks:
            signal.setitimer(clock, 0.0)
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def within(size: float) -> Iterator[None]:
    """Let nothing take more memory than so many bytes beyond what is taken already."""
    taken = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (int(taken + size), before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def wrong_lines(text: str) -> list[Fault]:
    """Lines of a refusal that do not say where something is wrong."""
    found = []
    for line in text.splitlines() or [""]:
        if not LINE.match(line) or not line.isprintable() or len(line) > MOST_LETTERS:
            found.append(Fault("line", f"no line of the form 'place: key: message': {line[:120]!r}"))
    return found


def raised(error: BaseException) -> Fault:
    """A fault out of an exception, with the last line of the project that it passed."""
    frames = [each for each in traceback.extract_tb(error.__traceback__) if "/sim/" in each.filename]
    where = f"sim/{frames[-1].filename.rsplit('/sim/', 1)[1]}:{frames[-1].lineno}" if frames else ""
    kind = (
        "slow" if isinstance(error, TooSlow) else "memory" if isinstance(error, MemoryError) else "traceback"
    )
    return Fault(kind, f"{type(error).__name__}: {str(error)[:300]}", where)


def warned(seen: list[warnings.WarningMessage]) -> list[Fault]:
    """Faults out of warnings: whoever runs a scenario should see none."""
    found = {}
    for each in seen:
        if "/sim/" in each.filename:
            where = f"sim/{each.filename.rsplit('/sim/', 1)[1]}:{each.lineno}"
            found[where] = Fault("warning", f"{each.category.__name__}: {each.message}", where)
    return list(found.values())


# ---------------------------------------------------------------------------------- scenarios
def try_scenario(
    data: Json, seconds: float = 60.0, twice: bool = False, only_load: bool = False
) -> tuple[str, list[Fault]]:
    """Run a scenario and check its tables; whether it ran or was refused, and what is wrong.

    Parameters
    ----------
    data : dict
    seconds : float
        More than that is a fault.
    twice : bool
        Hold a run of two days against the run of its first day.
    only_load : bool
        Do not run it.
    """
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        try:
            with at_most(seconds):
                answer, faults = _run(data, twice, only_load)
        except (Exception, TooSlow) as error:
            answer, faults = RAN, [raised(error)]
    return answer, [*faults, *warned(seen)]


def _run(data: Json, twice: bool, only_load: bool) -> tuple[str, list[Fault]]:
    try:
        spec = prepare(copy.deepcopy(data))
    except ScenarioError as error:
        return REFUSED, wrong_lines(str(error))
    if only_load:
        return RAN, []
    result = simulate(spec)
    faults = [Fault("nonsense", sentence) for sentence in nonsense(result)]
    if not result.summary["audit"]["passed"]:
        faults.append(Fault("nonsense", f"the audit failed: {result.facts['audit']['violations']}"))
    if twice:
        faults += _first_day(data, result)
    return RAN, faults


def _first_day(data: Json, longer: RunResult) -> list[Fault]:
    try:
        shorter = simulate(prepare(cut_to_a_day(data)))
    except ScenarioError:  # shocks and events of the second day
        return []
    return [Fault("nonsense", sentence) for sentence in first_day_differs(longer, shorter)]


def cut_to_a_day(data: Json) -> Json:
    """The same scenario for its first day alone."""
    cut = copy.deepcopy(data)
    cut["time"] = {key: value for key, value in cut["time"].items() if key != "end"} | {"days": 1}
    return cut


def days_of(data: Json) -> int:
    """Recorded days of a drawn scenario; 0 for weeks."""
    given = data.get("time", {})
    if "weeks" in given or "start" not in given:
        return 0
    if "end" in given:
        return (dt.date.fromisoformat(given["end"]) - dt.date.fromisoformat(given["start"])).days + 1
    return int(given.get("days", 7))


def smaller(data: Json, fails: Callable[[Json], bool], seconds: float = 40.0) -> Json:
    """Leave out what a fault does not need: half of all values at once, a quarter, at last one by one."""
    until = time.monotonic() + seconds
    for path, plainer in PLAINER.items():
        less = _with(data, path, plainer)
        if less is not None and fails(less):
            data = less
    size = len(_leaves(data)) // 2
    while size >= 1 and time.monotonic() < until:
        first, shrunk = 0, False
        while first < len(leaves := _leaves(data)) and time.monotonic() < until:
            less = _without(data, leaves[first : first + size])
            if fails(less):
                data, shrunk = less, True
            else:
                first += size
        size = size if shrunk and size == 1 else size // 2
    return data


#: Values with which a reproduction is quicker to run and to read.
PLAINER: dict[tuple[str, ...], Any] = {
    ("time", "step_minutes"): 60,
    ("time", "warmup_days"): 0,
    ("replications",): 1,
    ("fleet",): {"cars": 50},
    ("time", "start"): "2025-08-27",
}


def _with(data: Json, path: tuple[str, ...], value: Any) -> Json | None:
    changed = copy.deepcopy(data)
    node = changed
    for key in path[:-1]:
        node = node.get(key, {})
    if node.get(path[-1], value) == value:
        return None
    node[path[-1]] = value
    return changed


def _leaves(data: Any, path: Path_ = ()) -> list[Path_]:
    """Paths of all values that hold no others, shocks and other items of lists whole."""
    if not isinstance(data, dict) or not data:
        if isinstance(data, list) and data and isinstance(data[0], dict):
            return [(*path, number) for number in range(len(data))]
        return [path]
    return [each for key, value in data.items() for each in _leaves(value, (*path, key))]


def _without(data: Json, paths: list[Path_]) -> Json:
    """The same without some values, and without what is left empty by that."""
    less = copy.deepcopy(data)
    for path in reversed(paths):
        node: Any = less
        for key in path[:-1]:
            node = node[key]
        del node[path[-1]]
    return _pruned(less)


def _pruned(data: Any) -> Any:
    if not isinstance(data, dict):
        return data
    inner = {key: _pruned(value) for key, value in data.items()}
    return {key: value for key, value in inner.items() if value not in ({}, []) or data[key] == value}


def shortest(data: Json, fault: Fault, twice: bool = False) -> str:
    """A small scenario with the same fault, as JSON on one line."""

    def fails(less: Json) -> bool:
        _, faults = try_scenario(less, 20.0, twice=twice and days_of(less) == 2)
        return any(each.signature == fault.signature for each in faults)

    return json.dumps(smaller(data, fails), ensure_ascii=False)


# ------------------------------------------------------------------------------ broken inputs
def try_broken(broken: Broken, folder: Path, seconds: float = MOST_SECONDS) -> tuple[str, list[Fault]]:
    """Give a broken input to its command, in its folder; whether it was refused, and what is wrong."""
    with warnings.catch_warnings(record=True) as seen, contextlib.chdir(folder):
        warnings.simplefilter("always")
        try:
            with at_most(seconds), within(MOST_BYTES):
                answer, faults = _refused(broken)
        except TooSlow as error:
            started = broken.arguments[0] in ("run", "sweep", "gap") and _loads(broken)
            answer, faults = RAN, [] if started else [raised(error)]
    return answer, [*faults, *warned(seen)]


def _loads(broken: Broken) -> bool:
    """Whether the input of a command that computes was in order: it has been computing since."""
    load = load_sweep if broken.arguments[0] == "sweep" else prepare
    try:
        with at_most(MOST_SECONDS):
            load(broken.arguments[1])
    except (Exception, TooSlow):
        return False
    return True


def _refused(broken: Broken) -> tuple[str, list[Fault]]:
    result = CliRunner().invoke(main, list(broken.arguments))
    if isinstance(result.exception, TooSlow):
        raise result.exception
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        return RAN, [raised(result.exception)]
    if result.exit_code == 2:
        return REFUSED, wrong_lines(result.stderr)
    if result.exit_code == 1 and "--out" in broken.arguments:  # what cannot be written is told after the run
        return RAN, wrong_lines(result.stderr.strip())
    if result.exit_code != 0:
        return RAN, [Fault("exit", f"exit {result.exit_code}: {result.stderr[:300]}")]
    return RAN, [Fault("taken", f"taken as it is: {broken.way}")] if broken.must_fail else _starts(broken)


def _starts(broken: Broken) -> list[Fault]:
    """What `validate` passes, `run` starts: load it again, and run it if it is small."""
    if broken.arguments[0] != "validate":
        return []
    settings = [broken.arguments[at + 1] for at, word in enumerate(broken.arguments) if word == "--set"]
    spec = prepare(broken.arguments[1], settings=settings)
    size = (
        spec.simulated_cars
        * spec.time.recorded_days
        * spec.steps_per_day
        * len(spec.arms)
        * spec.replications
    )
    if size > 20_000 or spec.time.warmup_days > 2 or spec.operator.horizon_hours > 24:
        return []
    try:
        result = simulate(spec)
    except ScenarioError:
        return [Fault("taken", f"validate passes what run refuses: {broken.way}")]
    except Exception as error:
        return [raised(error)]
    return [Fault("nonsense", sentence) for sentence in nonsense(result)]
