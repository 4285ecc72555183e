"""Judge all claims: make the runs, ask each judge, put the answers together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sim.runs.pool import local_workers
from sim.runs.sweeps.one_run import runner
from sim.runs.sweeps.plan import Plan, load_sweep
from sim.runs.sweeps.run_store import RunStore
from sim.runs.sweeps.sensitivity import indices
from sim.runs.sweeps.sweep import Sweeping
from sim.scenario.shipped import scenarios_folder
from sim.studies.article import grid_claims, other_claims, owner_claims
from sim.studies.article.answer import Answer
from sim.studies.article.catalogue import Claim, claims
from sim.studies.article.inverse import Price, command, price_for
from sim.studies.article.reference_lines import article_figure
from sim.studies.article.runs import GAP, WANTED, Bench, Unknowns

UNKNOWNS = "claims-unknowns.yaml"
QUICK_POINTS = 8

Judge = Callable[[Bench], Answer]
JUDGES: dict[str, Judge] = {
    name.removeprefix("c").upper(): judge
    for module in (grid_claims, owner_claims, other_claims)
    for name, judge in vars(module).items()
    if name.startswith("c") and name[1:3].isdigit()
}


@dataclass(frozen=True)
class Judged:
    """A claim with its answer."""

    claim: Claim
    answer: Answer


@dataclass(frozen=True)
class Judgement:
    """All claims judged.

    Attributes
    ----------
    rows : list of Judged
        In the order of the article.
    prices : list of Price
        At which 200 yuan a day becomes true.
    commands : dict of str to str
        The command that repeats each run.
    quick : bool
    """

    rows: list[Judged]
    prices: list[Price]
    commands: dict[str, str]
    quick: bool

    def count(self, verdict: str) -> int:
        """Claims with a verdict."""
        return sum(row.answer.verdict == verdict for row in self.rows)

    def plain(self) -> dict[str, Any]:
        """Everything as plain data."""
        return {
            "quick": self.quick,
            "claims": [asdict(row.claim) | {"answer": asdict(row.answer)} for row in self.rows],
            "prices_for_200_yuan_a_day": [asdict(price) for price in self.prices],
            "commands": self.commands,
        }


def judge(folder: Path, quick: bool, say: Callable[[str], None]) -> Judgement:
    """Judge all claims; what has been run before by the same code is not run again.

    Parameters
    ----------
    folder : Path
        Where runs are kept.
    quick : bool
        A taste: fewer cars, days and draws.
    say : callable
        Told what is going on.
    """
    bench = Bench(folder / "runs", quick, say, unknowns(folder, quick, say))
    if not quick:
        bench.make_ahead()
    answers = {claim.id: JUDGES[claim.id.removeprefix("C").upper()](bench) for claim in claims()}
    prices = price_for(article_figure("C08a"), quick, say)
    answers["C08a"] = answers["C08a"].with_inverse(_in_words(prices))
    rows = [Judged(claim, answers[claim.id]) for claim in claims()]
    commands = {name: bench.command(name) for name in WANTED}
    commands[GAP] = bench.gap_command()
    if prices and prices[0].median_owner is not None:
        commands["price of a night"] = command(prices[0].power_kw, prices[0].median_owner)
    commands["uncertain parameters"] = f"v2gcity sweep scenarios/sweeps/{UNKNOWNS}"
    return Judgement(rows, prices, commands, quick)


def unknowns(folder: Path, quick: bool, say: Callable[[str], None]) -> Unknowns:
    """The sweep over the uncertain parameters, each between its low and high figure, and the policy."""
    plan = load_sweep(scenarios_folder() / "sweeps" / UNKNOWNS)
    if quick:
        design = plan.sweep.design.model_copy(update={"size": QUICK_POINTS})
        plan = Plan(plan.sweep.model_copy(update={"design": design}), plan.base, plan.document)
    workers = local_workers()
    slowly = "" if workers else ", one after another: pip install 'v2gcity[sweep]' lets them run side by side"
    say(f"running {plan.sweep.design.size} points of the uncertain parameters{slowly}")
    with runner(workers, None) as make:
        runs = Sweeping(plan, RunStore(folder / "unknowns")).run(make, lambda count: None).runs
    return Unknowns(runs, indices(plan, runs), len(plan.sweep.parameters))


def _in_words(prices: list[Price]) -> str:
    """What makes 200 yuan a day true, as found by search."""

    def told(price: float | None) -> str:
        return "at no price up to 64 yuan/kWh" if price is None else f"at {price:.1f} yuan/kWh"

    parts = [
        f"with chargers of {each.power_kw:g} kW the median owner is left with 200 yuan a day {told(each.median_owner)}, the best hundredth {told(each.best_hundredth)}"
        for each in prices
    ]
    return (
        "Found by search on a hot day: "
        + "; ".join(parts)
        + ". The price assumed for Shanghai is 0.8; none is published."
    )
