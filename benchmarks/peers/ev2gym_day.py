"""EV2Gym 2.0.0: two-way stations, prices, transformers; its heuristic that charges as fast as possible."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
import warnings
from pathlib import Path

import ev2gym
import yaml
from ev2gym.baselines.heuristics import ChargeAsFastAsPossible
from ev2gym.models.ev2gym_env import EV2Gym

warnings.filterwarnings("ignore")
os.chdir(Path(ev2gym.__file__).parents[1])  # its own examples name files from there
example = Path(ev2gym.__file__).parent / "example_config_files" / "V2GProfitMax.yaml"
settings = yaml.safe_load(example.read_text())
settings |= {"number_of_charging_stations": int(sys.argv[1]), "simulation_length": 96, "random_day": False}
with tempfile.TemporaryDirectory() as place:
    config = Path(place) / "day.yaml"
    config.write_text(yaml.safe_dump(settings))
    env = EV2Gym(config_file=str(config), save_replay=False, save_plots=False)
    agent = ChargeAsFastAsPossible()
    env.reset()
    began, done = time.process_time(), False
    while not done:
        _, _, done, _, _ = env.step(agent.get_action(env))
    took = time.process_time() - began
# One station for one day counts as a car-day, or every car that came, whichever is more.
print(json.dumps({"car_days": max(int(sys.argv[1]), env.total_evs_spawned), "cpu_s": took}))
