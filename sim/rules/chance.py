"""Counter-based random numbers: every draw is a pure function of its purpose.

A draw depends on (seed, replication, agent, day, purpose) and on nothing else. The same
driver therefore makes the same trips in every arm, in any thread order and in any sample, and
a new purpose shifts no other draw.

The mixing function is the finaliser of SplitMix64 (Steele, Lea & Flood 2014,
doi:10.1145/2714064.2660195) applied three times with odd multipliers between.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sim.rules.compiling import compiled

CITY = -1  # stands in for an agent where a draw concerns the whole city

# Purposes. Numbers are part of the reproducibility of results: never reuse one (13, 14 and 97 were used).
HOME_ZONE = 1
HOME_POINT = 2
WORK_ZONE = 3
WORK_POINT = 4
ARCHETYPE = 5
CAR_MODEL = 6
HOME_CHARGER = 7
WORK_ACCESS = 8
V2G_CAPABLE = 9
ENROLMENT = 10
TARGET_SOC = 11
INITIAL_SOC = 12
SAMPLE = 15
HABIT_LEAVE_HOME = 20
HABIT_LEAVE_WORK = 21
HABIT_SHIFT = 22
CAR_USED = 30
JITTER_LEAVE_HOME = 31
JITTER_LEAVE_WORK = 32
ERRAND_AFTER_WORK = 33
EVENING_OUTING = 34
TOUR_PLACES = 35
EXCURSION = 36
ERRAND_ZONE = 40  # of the first errand of a day; those that follow have the numbers after it
ERRAND_POINT = 50  # likewise
ERRAND_DWELL = 60  # likewise
PLUG_IN = 80
CHARGER_FAULT = 81
QUEUE_ORDER = 82
TURN = 83
PATIENCE = 84
STATED_WRONG = 85
STATED_ERROR = 86
UNPLUG = 87
LOST_LINK = 88
CHARGER_OUTAGE = 89
DEMAND_NOISE = 90
WIND_NOISE = 91
CLOUD_NOISE = 92
TEMPERATURE_NOISE = 93
EVENT_PRICE = 94
OVERRIDE = 95
RESERVE = 96
HOME_SIZE = 98
CONSIDERING = 99
JOINING = 100
HASSLE = 101
UNIT_FIRST = 102
UNIT_SPELL = 103
NEIGHBOUR_NOISE = 104
LINE_FIRST = 105
LINE_SPELL = 106
TEMPERATURE_ERROR = 107
WIND_ERROR = 108
CLOUD_ERROR = 109
PASSING_CLOUDS = 110
STATED_SPREAD = 111
REGISTERED = 112
FREE_FOR_CALL = 113
WANTED_GAIN = 114
WAY_TO_POST = 115
SECOND_TOUR = 116
SECOND_TOUR_LEAVES = 117
ALPHA = 118
OPPORTUNITY_DRIVEN = 119
FORGETS = 120
BEDTIME = 121
TIMER = 122
TIMER_OFFSET = 123
WAY_OF_CHARGING = 124
MOVES_CAR = 125
POSTS_IN_REACH = 126
LEAVES_TOWN = 127
HOLIDAY_KM = 128
HOLIDAY_HOUR = 129
ERRAND_PURPOSE = 130  # of the first errand of a day; those that follow have the numbers after it
DISTANCE_OF_DRIVING = 140
JITTER_SHIFT = 141
MOVES_CAR_NOW = 142
MEAL_HABIT = 143
DRIVING_ZONE = 150  # of the first leg of a day of driving; those that follow have the numbers after it

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_ODD_DAY = np.uint64(0xD1342543DE82EF95)
_ODD_PURPOSE = np.uint64(0xC2B2AE3D27D4EB4F)
_MIX_A = np.uint64(0xBF58476D1CE4E5B9)
_MIX_B = np.uint64(0x94D049BB133111EB)
_S27 = np.uint64(27)
_S30 = np.uint64(30)
_S31 = np.uint64(31)
_S11 = np.uint64(11)
_UNIT = 2.0**-53


@compiled
def _mix(z: np.uint64) -> np.uint64:
    z = (z ^ (z >> _S30)) * _MIX_A
    z = (z ^ (z >> _S27)) * _MIX_B
    return z ^ (z >> _S31)


@compiled
def stream_key(seed: int, replication: int) -> np.uint64:
    """Key shared by all draws of one replication of one seed (wrap it in ``np.uint64``)."""
    return _mix(_mix(np.uint64(seed) + _GOLDEN) ^ (np.uint64(replication + 1) * _ODD_DAY))


@compiled
def bits(key: np.uint64, agent: int, day: int, purpose: int) -> np.uint64:
    """64 random bits for one agent, day (or step) and purpose."""
    z = _mix(np.uint64(key) + np.uint64(np.int64(agent)) * _GOLDEN)
    z = _mix(z ^ (np.uint64(np.int64(day)) * _ODD_DAY))
    return _mix(z ^ (np.uint64(np.int64(purpose)) * _ODD_PURPOSE))


@compiled
def uniform(key: np.uint64, agent: int, day: int, purpose: int) -> float:
    """Uniform draw in [0, 1)."""
    return np.float64(bits(key, agent, day, purpose) >> _S11) * _UNIT


@compiled
def uniforms(key: np.uint64, agents: Any, day: int, purpose: int) -> Any:
    """Uniform draws of many agents, an array like `agents`."""
    draws = np.empty(len(agents))
    for k in range(len(agents)):
        draws[k] = uniform(key, agents[k], day, purpose)
    return draws


@compiled
def normal(key: np.uint64, agent: int, day: int, purpose: int) -> float:
    """Standard normal draw (Box-Muller on the two halves of one 64-bit draw)."""
    z = bits(key, agent, day, purpose)
    radius = (np.float64(z >> np.uint64(32)) + 1.0) * 2.0**-32
    angle = np.float64(z & np.uint64(0xFFFFFFFF)) * (2.0 * math.pi * 2.0**-32)
    return math.sqrt(-2.0 * math.log(radius)) * math.cos(angle)


@compiled
def log_normals(key: np.uint64, agents: Any, day: int, purpose: int, spread: float) -> Any:
    """Log-normal draws of many agents with mean 1; `spread` is that of their logarithm."""
    draws = np.empty(len(agents))
    for k in range(len(agents)):
        draws[k] = math.exp(spread * normal(key, agents[k], day, purpose) - spread * spread / 2.0)
    return draws


@compiled
def normal_cdf(x: float) -> float:
    """Share of a standard normal distribution below `x`."""
    return 0.5 * math.erfc(-x / math.sqrt(2.0))
