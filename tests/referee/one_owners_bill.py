"""What owners pay and are paid at home, interval by interval, from the tariff on a sheet of paper."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd

from tests.referee.tables import Result

#: Shanghai's home tariff for charging, and the price assumed for feeding in, by the clock [yuan/kWh].
DAY, NIGHT, PAID = 0.617, 0.307, 0.80
DAY_HOURS = (6, 22)


def bills(result: Result, arm: str) -> pd.DataFrame:
    """Own bill beside the model's for every stretch of a watched car at home in which no price changes."""
    steps = result.table("stories", arm).sort_values(["car", "time"], kind="stable")
    later = steps.groupby("car").shift(-1)
    hours = (later["time"] - steps["time"]) / pd.Timedelta(hours=1)
    begins = steps["time"].dt.hour + steps["time"].dt.minute / 60.0
    next_change = np.where(
        begins < DAY_HOURS[0], DAY_HOURS[0], np.where(begins < DAY_HOURS[1], DAY_HOURS[1], 24 + DAY_HOURS[0])
    )
    whole = (steps["charger"] == "home") & (begins + hours <= next_change)
    by_day = (begins >= DAY_HOURS[0]) & (begins < DAY_HOURS[1])
    found = pd.DataFrame({
        "paid": (later["charged_kwh"] - steps["charged_kwh"]) * np.where(by_day, DAY, NIGHT),
        "received": (later["discharged_kwh"] - steps["discharged_kwh"]) * np.where(by_day, PAID, 0.0),
        "model_paid": later["charging_yuan"] - steps["charging_yuan"],
        "model_received": later["feed_in_yuan"] - steps["feed_in_yuan"],
    })  # fmt: skip
    return found[whole]


if __name__ == "__main__":
    folder = Result(sys.argv[1])
    for each in folder.summary["arms"]:
        print(each)
        print(bills(folder, each).sum().to_string())
