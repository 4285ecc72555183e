"""The runs behind the claims: shipped scenarios, each repeatable by one command."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd

from sim.effects.arms import ArmTables
from sim.runs.audited import audited
from sim.runs.files import MARKER, read_json
from sim.runs.keys import run_key
from sim.runs.pool import Job, JobDiedError, local_workers, pool
from sim.runs.reproduce import few, run_command
from sim.runs.run import RunResult, prepare, simulate, tables_from_result
from sim.runs.state_file import replace_file
from sim.runs.store import read_result, write_result
from sim.scenario import Scenario, ScenarioError
from sim.scenario.shipped import scenarios_folder
from sim.studies.article.answer import Figure
from sim.studies.optimality_gap.gap import gap_table

#: Draws of the city where the scenario has one: enough for an interval, few enough for minutes.
DRAWS = 3
MOST_DECISIVE = 3


@dataclass(frozen=True)
class Wanted:
    """A run that claims rest on.

    Attributes
    ----------
    scenario : str
        File in the folder of shipped scenarios.
    settings : mapping
        Changes to it.
    quick : mapping
        Further changes for a taste of it.
    """

    scenario: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    quick: Mapping[str, Any] = field(default_factory=dict)

    def all_settings(self, quick: bool) -> dict[str, Any]:
        """All changes to the scenario."""
        return {**self.settings, **(self.quick if quick else {}), "outputs.figures": False}


FOUR_WEEKS = [
    {"start": "2025-01-13", "months": [12, 1, 2]},
    {"start": "2025-04-14", "months": [3, 4, 5]},
    {"start": "2025-07-14", "months": [6, 7, 8]},
    {"start": "2025-10-20", "months": [9, 10, 11]},
]

WANTED: dict[str, Wanted] = {
    "summer": Wanted("shanghai-summer.yaml", {}, {**few(2_000), "replications": 2}),
    "year": Wanted(
        "shanghai-year.yaml",
        {},
        {**few(500), "time.weeks": FOUR_WEEKS, "replications": 2},
    ),
    "today": Wanted(
        "shanghai-summer.yaml",
        {**few(5_000), "fleet.v2g_capable": "catalogue", "arms.smart": None},
        {**few(2_000), "replications": 2},
    ),
    "regimes": Wanted(
        "pay-regimes.yaml", {"replications": DRAWS}, {**few(600), "time.days": 3, "replications": 2}
    ),
    "pay": Wanted("pay-and-power.yaml", {"replications": DRAWS}, {**few(1_000), "replications": 2}),
    "unplug": Wanted("mass-unplug.yaml", {"replications": DRAWS}, {**few(2_000), "replications": 2}),
    "china": Wanted(
        "china-2025-week.yaml", {"replications": DRAWS}, {"fleet.sample": 0.00005, "replications": 2}
    ),
    "china-2030": Wanted(
        "china-2030.yaml", {"replications": DRAWS}, {"fleet.sample": 0.00002, "replications": 2}
    ),
}

GAP, GAP_SCENARIO = "gap", "quickstart.yaml"
#: Controlled cars, days and draws that policies are held against the best possible on; and for a taste.
GAP_ASKED, GAP_TASTE = (
    {"cars": cars, "days": 1, "replications": draws} for cars, draws in ((300, DRAWS), (100, 1))
)

#: What a step costs whoever is in it, as cars.
STEP_IN_CARS = 20_000


@dataclass(frozen=True)
class Unknowns:
    """A sweep over the uncertain parameters.

    Attributes
    ----------
    runs : DataFrame
        Outcomes at every point.
    indices : DataFrame
        What each parameter does to each outcome, see :func:`sim.runs.sweeps.sensitivity.indices`.
    parameters : int
        How many there are.
    """

    runs: pd.DataFrame
    indices: pd.DataFrame
    parameters: int


class Bench:
    """The runs, made when they are asked for first, and kept in a folder.

    Parameters
    ----------
    folder : Path
        Where results are kept; those made by the same code are not made again.
    quick : bool
    say : callable
        Told what is being run.
    unknowns : Unknowns, optional
        The sweep over the uncertain parameters.
    """

    def __init__(
        self,
        folder: Path,
        quick: bool,
        say: Callable[[str], None],
        unknowns: Unknowns | None = None,
    ):
        self.folder, self.quick, self._say = folder, quick, say
        self.unknowns = unknowns
        self._results: dict[str, RunResult] = {}

    def __getitem__(self, name: str) -> RunResult:
        if name not in self._results:
            self._results[name] = self._kept(name) or self._made(name)
        return self._results[name]

    def make_ahead(self) -> None:
        """Make all that is missing side by side, the longest first, each run in a process on one thread."""
        specs = {name: self._spec(name) for name in WANTED if self._kept(name) is None}
        longest_first = sorted(specs, key=lambda name: -_work(specs[name]))
        jobs = [Job(name, keep_run, (specs[name], self.folder / name)) for name in longest_first]
        if not self._gap_is_kept:
            jobs.insert(0, Job(GAP, make_gap, (self._gap_asked, self.folder)))
        workers = min(local_workers(), len(jobs))
        if workers < 2:
            return
        for job in jobs:
            self._say(f"running {job.key}{': ' + _in_short(specs[job.key]) if job.key in specs else ''}")
        with pool(workers) as do:
            do(jobs, self._tell)

    def _tell(self, job: Job, result: Any) -> None:
        if isinstance(result, JobDiedError):
            raise result
        self._say(f"{job.key} is done")

    def command(self, name: str) -> str:
        """The command that repeats a run."""
        wanted = WANTED[name]
        return run_command(wanted.scenario, wanted.all_settings(self.quick), out=self.folder / name)

    def gap(self) -> pd.DataFrame:
        """Every policy against the best possible on the same cars, means over draws."""
        if not self._gap_is_kept:
            self._say(f"running {GAP}: every policy on {self._gap_asked['cars']:,} controlled cars")
            make_gap(self._gap_asked, self.folder)
        return pd.read_csv(self.folder / f"{GAP}.csv")

    @property
    def _gap_is_kept(self) -> bool:
        kept, marks = (self.folder / f"{GAP}.{form}" for form in ("csv", "json"))
        try:
            made_by = read_json(marks, (), "")
        except ScenarioError:
            return False
        return kept.is_file() and made_by == _gap_mark(self._gap_asked, kept.read_bytes())

    def gap_command(self) -> str:
        """The command that repeats that table."""
        options = " ".join(f"--{name} {value}" for name, value in self._gap_asked.items())
        return f"v2gcity gap scenarios/{GAP_SCENARIO} {options}"

    @property
    def _gap_asked(self) -> dict[str, int]:
        return GAP_TASTE if self.quick else GAP_ASKED

    def effect(self, run: str, key: str, arm: str = "v2g", outcome: str | None = None) -> Figure:
        """A figure of the effects of an arm, by its dotted key."""
        found: Any = self[run].summary["effects"][arm]
        for part in key.split("."):
            found = found[part]
        return Figure.of(found, self.spread(outcome), self.decides(outcome))

    def spread(self, outcome: str | None) -> tuple[float, float] | None:
        """5th and 95th percentile of an outcome over the uncertain parameters."""
        if outcome is None or self.unknowns is None:
            return None
        values = self.unknowns.runs[outcome].dropna()
        return None if values.empty else (float(values.quantile(0.05)), float(values.quantile(0.95)))

    def decides(self, outcome: str | None) -> tuple[str, ...]:
        """Parameters that decide an outcome over their ranges most, the strongest first; none by chance."""
        if outcome is None or self.unknowns is None:
            return ()
        found = self.unknowns.indices.query("outcome == @outcome and index == 'rank_correlation'")
        # One in twenty of so many parameters would stand out by chance: each is held to its share of that.
        strict = NormalDist().inv_cdf(1.0 - 0.025 / self.unknowns.parameters)
        least = math.tanh(strict / math.sqrt(max(1, len(self.unknowns.runs) - 3)))
        sure = found[found["value"].abs() > least]
        order = sure["value"].abs().sort_values(ascending=False).index
        return tuple(sure.loc[order, "parameter"].head(MOST_DECISIVE))

    def tables(self, run: str, arm: str, replication: int = 0) -> ArmTables:
        """Tables of one arm and draw."""
        return tables_from_result(self[run], arm, replication)

    def each_draw(
        self, run: str, measure: Callable[[ArmTables, ArmTables], float], arm: str = "v2g"
    ) -> Figure:
        """A measure of the reference and an arm, over all draws."""
        from sim.effects.summary import interval

        result = self[run]
        values = [
            measure(self.tables(run, result.summary["reference"], draw), self.tables(run, arm, draw))
            for draw in range(result.spec.replications)
        ]
        return Figure.of(interval([value for value in values if np.isfinite(value)]))

    def _spec(self, name: str) -> Any:
        wanted = WANTED[name]
        return prepare(scenarios_folder() / wanted.scenario, settings=wanted.all_settings(self.quick))

    def _kept(self, name: str) -> RunResult | None:
        """A run that stands in the folder, made by this code from this scenario."""
        folder = self.folder / name
        if not (folder / MARKER).is_file():
            return None
        try:
            made_by = read_json(folder / MARKER, ("made_by",), "")["made_by"]
            return read_result(folder) if made_by == run_key(self._spec(name)) else None
        except ScenarioError as error:  # damaged: it is made again
            self._say(str(error))
            return None

    def _made(self, name: str) -> RunResult:
        spec = self._spec(name)
        self._say(f"running {name}: {_in_short(spec)}")
        return make_run(spec, self.folder / name)


def make_run(spec: Scenario, folder: Path) -> RunResult:
    """Make a run and keep it in a folder.

    Raises
    ------
    AuditError
        If its accounts do not close; nothing is kept then.
    """
    result = audited(simulate(spec))
    folder.parent.mkdir(parents=True, exist_ok=True)
    write_result(result, folder)
    return result


def keep_run(spec: Scenario, folder: Path) -> None:
    """Make a run in a process of its own, which hands nothing back but what it keeps."""
    make_run(spec, folder)


def make_gap(asked: Mapping[str, int], folder: Path) -> None:
    """Hold every policy against the best possible, and keep the table in a folder."""
    spec = prepare(scenarios_folder() / GAP_SCENARIO)
    table = gap_table(spec, cars=asked["cars"], days=asked["days"], replications=asked["replications"])
    folder.mkdir(parents=True, exist_ok=True)
    content = table.to_csv(index=False).encode()
    replace_file(folder / f"{GAP}.csv", lambda stream: stream.write(content))
    mark = json.dumps(_gap_mark(asked, content)).encode()
    replace_file(folder / f"{GAP}.json", lambda stream: stream.write(mark))


def _gap_mark(asked: Mapping[str, int], content: bytes) -> dict[str, Any]:
    """What a kept table was made by and of, and what stands in it."""
    spec = prepare(scenarios_folder() / GAP_SCENARIO)
    return {**run_key(spec), **asked, "content": hashlib.sha256(content).hexdigest()}


def _work(spec: Scenario) -> int:
    """About how long a run takes, in car-days: a step costs about as much as so many cars, whoever is in it."""
    warmup = spec.time.warmup_days
    days = len(spec.time.weeks) * (7 + warmup) if spec.time.weeks else spec.time.recorded_days + warmup
    return (spec.simulated_cars + STEP_IN_CARS) * len(spec.arms) * spec.replications * days


def _in_short(spec: Scenario) -> str:
    return f"{spec.simulated_cars:,} cars, {len(spec.arms)} arms, {spec.replications} draw(s)"
