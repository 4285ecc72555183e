"""ACN-Sim (acnportal 0.3.3): one session for each car and day, charged at once; no prices, no feeding in."""

from __future__ import annotations

import datetime as dt
import json
import random
import sys
import time

from acnportal import acnsim, algorithms

cars, draws = int(sys.argv[1]), random.Random(1)
network = acnsim.ChargingNetwork()
sessions = []
for car in range(cars):
    place = f"home-{car}"
    network.register_evse(acnsim.EVSE(place, max_rate=32), 220, 0)
    arrival = draws.randrange(64, 84) - 60
    battery = acnsim.Battery(60, 40, 7)
    sessions.append(acnsim.PluginEvent(arrival, acnsim.EV(arrival, 95, 10, place, str(car), battery)))
network.add_constraint(acnsim.Current([f"home-{car}" for car in range(cars)]), 32.0 * cars)
run = acnsim.Simulator(
    network, algorithms.UncontrolledCharging(), acnsim.EventQueue(sessions), dt.datetime(2025, 8, 25),
    period=15, verbose=False,
)  # fmt: skip
began = time.process_time()
run.run()
print(json.dumps({"car_days": cars, "cpu_s": time.process_time() - began}))
