"""Write what every pay regime earns, by pencil and in the simulated city, into ``docs/money.md``.

``python docs/make_regime_table.py`` reads ``results/reference/pay_regimes.csv``; with ``--run`` it first
measures that anew (about two minutes): ``v2gcity run scenarios/pay-regimes.yaml``.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import pandas as pd
from page_table import put_between
from stamps import stamp

ROOT = Path(__file__).parents[1]
ROWS = ROOT / "results" / "reference" / "pay_regimes.csv"
PAGE = ROOT / "docs" / "money.md"
BEGIN, END = "<!-- regime table -->", "<!-- end of regime table -->"
PENCIL_KWH = 14.0


def measure() -> None:
    """Run the week under every regime; keep the rows and the picture of earnings."""
    import sim
    from sim.market.contract_value import bargain_of

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "pay-regimes"
        result = sim.run(ROOT / "scenarios" / "pay-regimes.yaml", folder)
        shutil.copy(folder / "figures" / "earnings.png", ROOT / "docs" / "pictures" / "pay_regimes.png")
    rows = []
    days = result.spec.time.recorded_days
    for arm, effect in result.summary["effects"].items():
        spec = result.spec.for_arm(arm)
        owners = result.owners[(result.owners["arm"] == arm) & result.owners["enrolled"]]
        fed_in = float(owners["discharged_kwh"].sum())
        paid = float(owners["feed_in_revenue_yuan"].sum())
        earned = effect["owner_earnings_yuan_per_day"]
        rows.append(
            {
                "regime": arm,
                "pencil_yuan": bargain_of(spec, "LFP").net_yuan(PENCIL_KWH) if fed_in else None,
                "mean_yuan": earned["mean"],
                "p05_yuan": earned["p05"],
                "median_yuan": earned["median"],
                "p95_yuan": earned["p95"],
                "fed_in_kwh_per_day": fed_in / len(owners) / days,
                "paid_yuan_per_kwh": paid / fed_in if fed_in else None,
                "best_yuan_per_kwh": bargain_of(spec, "LFP").sell_yuan_per_kwh if fed_in else None,
                "on_call_h_per_day": float(owners["on_call_h"].mean()) / days,
                "losing_share": effect["owners_losing_share"],
            }
        )
    pd.DataFrame(rows).to_csv(ROWS, index=False, float_format="%.4f")
    stamp(ROWS.name)


def table() -> str:
    """The rows as a Markdown table."""
    lines = [
        "| regime | 14 kWh by pencil | mean | 5% to 95% | median | fed in, kWh | paid, yuan/kWh "
        "| best price | on call, h | lose |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| `{row['regime']}` | {_or_dash(row['pencil_yuan'])} | {row['mean_yuan']:.2f} "
        f"| {row['p05_yuan']:.1f} to {row['p95_yuan']:.1f} | {row['median_yuan']:.2f} "
        f"| {row['fed_in_kwh_per_day']:.1f} | {_or_dash(row['paid_yuan_per_kwh'])} "
        f"| {_or_dash(row['best_yuan_per_kwh'])} | {row['on_call_h_per_day']:.1f} "
        f"| {100.0 * row['losing_share']:.0f}% |"
        for row in pd.read_csv(ROWS).to_dict("records")
    ]
    return "\n".join(lines)


def _or_dash(value: float) -> str:
    return "-" if pd.isna(value) else f"{value:.2f}"


if __name__ == "__main__":
    if "--run" in sys.argv[1:]:
        measure()
    put_between(PAGE, BEGIN, END, table())
