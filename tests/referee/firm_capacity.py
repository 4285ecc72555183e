"""Firm capacity by Monte Carlo: plants and lines fail by the throw of dice, not by a convolution."""

from __future__ import annotations

import sys

import numpy as np

from tests.referee.tables import Result

THROWS = 40_000
CLOSE_MW = 1.0


def throws(result: Result, seed: int = 1, count: int = THROWS) -> tuple[np.ndarray, np.ndarray]:
    """Capacity of units [MW], and share of the single lines that is out, in many states of the system."""
    rng, grid, units = np.random.default_rng(seed), result.scenario["grid"], result.units()
    capacity = np.zeros(count)
    for _, unit in units.iterrows():
        works = grid["coal_availability"] if unit["fuel"] == "coal" else grid["gas_availability"]
        capacity += rng.binomial(unit["count"], works, count) * unit["mw"] / unit["count"]
    lines = result.input("lines").query("carries != ''")
    rating = float((lines["mw"].astype(float) * lines["count"].astype(int)).sum())
    out = np.zeros(count)
    for _, line in lines.iterrows():
        down = rng.binomial(int(line["count"]), 1.0 - float(line["availability"]), count)
        out += down * float(line["mw"]) / rating
    return capacity, out


def need_mw(result: Result, arm: str) -> tuple[np.ndarray, np.ndarray]:
    """Load on units with all lines [MW], and imports on single lines [MW], by step."""
    system = result.table("system", arm)
    imports = system["import_limit_mw"] + system["missing_import_mw"]
    need = system["net_load_mw"] - system["other_mw"] - imports + system["serviced_mw"]
    return need.to_numpy(), system["on_single_lines_mw"].to_numpy()


def loss_of_load_hours(
    result: Result, states: tuple[np.ndarray, np.ndarray], arm: str, less_mw: float = 0.0
) -> float:
    """Hours in which what is thrown does not meet the need, less some firm power."""
    need, on_lines = need_mw(result, arm)
    capacity, out = states
    tight = need - less_mw + on_lines > np.quantile(capacity, 0.0)
    short = [
        float(np.mean(capacity < n - less_mw + out * line))
        for n, line in zip(need[tight], on_lines[tight], strict=True)
    ]
    return float(np.sum(short)) * result.hours


def firm_mw(result: Result, arm: str, states: tuple[np.ndarray, np.ndarray]) -> float:
    """Firm power that makes the reference as reliable as an arm [MW], by bisection on the same throws."""
    wanted = loss_of_load_hours(result, states, arm)
    low, high = -2_000.0, 2_000.0
    while high - low > CLOSE_MW:
        middle = (low + high) / 2.0
        if loss_of_load_hours(result, states, result.reference, middle) > wanted:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0


if __name__ == "__main__":
    folder = Result(sys.argv[1])
    thrown = throws(folder)
    for each in folder.summary["effects"]:
        print(each, firm_mw(folder, each, thrown), folder.summary["effects"][each]["adequacy"]["elcc_mw"])
