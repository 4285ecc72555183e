"""Sums across boundaries: city and elsewhere are the system, and payments between parties cancel."""

from __future__ import annotations

import sys

from tests.referee.tables import Result


def coal_by_boundary(result: Result, arm: str) -> dict[str, float]:
    """Raw change of coal against the reference [tce], without the correction for energy at the end."""
    before, after = result.table("system", result.reference), result.table("system", arm)
    weights = before["weight"]
    return {
        name: float(((before[column] - after[column]) * weights).sum())
        for name, column in (("city", "coal_tce"), ("elsewhere", "coal_elsewhere_tce"))
    }


def surplus(result: Result, arm: str) -> dict[str, float]:
    """Who has what of the change, from owners' books and the cost of supply, without that correction [yuan]."""
    owners = {name: result.table("owners", name) for name in (result.reference, arm)}
    system = {name: result.table("system", name) for name in (result.reference, arm)}

    def change(frames, column: str) -> float:
        return float(frames[arm][column].sum() - frames[result.reference][column].sum())

    weights = system[arm]["weight"]
    cost = {name: float((frame["generation_cost_yuan"] * weights).sum()) for name, frame in system.items()}
    wear = change(owners, "wear_cost_yuan") * result.scale
    received = sum(change(owners, name) for name in (
        "feed_in_revenue_yuan", "event_revenue_yuan", "availability_revenue_yuan", "compensation_yuan"
    ))  # fmt: skip
    paid = sum(change(owners, name) for name in ("charging_cost_yuan", "penalty_yuan", "rental_yuan"))
    owners_gain = (received - paid) * result.scale - wear
    supply = cost[result.reference] - cost[arm]
    return {"supply": supply, "wear": wear, "owners": owners_gain, "others": supply - wear - owners_gain}


if __name__ == "__main__":
    folder = Result(sys.argv[1])
    for each in folder.summary["effects"]:
        print(each, coal_by_boundary(folder, each), surplus(folder, each))
