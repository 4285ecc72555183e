"""Random numbers: good enough, independent, and a function of nothing but their purpose."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from scipy import stats

from sim.rules import chance
from tests.conftest import PLAIN_PYTHON, ROOT, few_plants

KEY = np.uint64(chance.stream_key(2025, 0))
N = 50_000
FALSE_ALARM = 1e-6  # per test; seeds are fixed, so a failure means that the generator changed


def sample_of(**vary):
    axes = {"agent": 5, "day": 3, "purpose": 7} | vary
    return np.array(
        [chance.uniform(KEY, *(int(v[k]) if np.ndim(v) else v for v in axes.values())) for k in range(N)]
    )


@pytest.mark.parametrize("axis", ["agent", "day", "purpose"])
def test_uniform_along_every_axis(axis):
    sample = sample_of(**{axis: np.arange(N)})
    assert stats.kstest(sample, "uniform").pvalue > FALSE_ALARM
    assert abs(np.corrcoef(sample[:-1], sample[1:])[0, 1]) < 5 / np.sqrt(N)
    counts = np.histogram2d(sample[:-1:2], sample[1::2], bins=16)[0].ravel()
    assert stats.chisquare(counts).pvalue > FALSE_ALARM


@pytest.mark.parametrize("axis", ["agent", "day", "purpose"])
def test_every_bit_is_fair(axis):
    axes = {"agent": 5, "day": 3, "purpose": 7}
    words = np.array(
        [
            chance.bits(KEY, *(k if name == axis else value for name, value in axes.items()))
            for k in range(20_000)
        ],
        dtype=np.uint64,
    )
    ones = np.array([np.mean((words >> np.uint64(bit)) & np.uint64(1)) for bit in range(64)])
    assert np.all(np.abs(ones - 0.5) < 5.5 * 0.5 / np.sqrt(len(words)))


def test_flipping_one_input_bit_flips_half_of_the_output():
    flips = [
        bin(int(chance.bits(KEY, agent, 3, 7)) ^ int(chance.bits(KEY, agent ^ (1 << bit), 3, 7))).count("1")
        for agent in range(100)
        for bit in range(20)
    ]
    assert np.mean(flips) == pytest.approx(32, abs=0.5)


def test_neighbouring_drivers_on_neighbouring_days_do_not_move_together():
    a = np.array([chance.uniform(KEY, i, 4, 30) for i in range(N)])
    b = np.array([chance.uniform(KEY, i + 1, 5, 31) for i in range(N)])
    assert abs(np.corrcoef(a, b)[0, 1]) < 5 / np.sqrt(N)


def test_normal_is_normal():
    sample = np.array([chance.normal(KEY, i, 2, 9) for i in range(N)])
    assert stats.kstest(sample, "norm").pvalue > FALSE_ALARM
    assert np.all(np.isfinite(sample))


def test_seeds_and_replications_differ():
    keys = {int(chance.stream_key(seed, rep)) for seed in range(50) for rep in range(50)}
    assert len(keys) == 2500


def test_many_draws_equal_single_draws():
    agents = np.arange(100, dtype=np.int32)
    many = chance.uniforms(KEY, agents, 4, 5)
    assert list(many) == [chance.uniform(KEY, int(agent), 4, 5) for agent in agents]


#: Purposes that number what they draw: the errands of a day.
NUMBERED = {
    chance.ERRAND_ZONE: 10, chance.ERRAND_POINT: 10, chance.ERRAND_DWELL: 10, chance.ERRAND_PURPOSE: 10,
    chance.DRIVING_ZONE: 10,
}  # fmt: skip


def names_of_purposes() -> dict[int, str]:
    return {
        value: name
        for name, value in vars(chance).items()
        if name.isupper() and isinstance(value, int) and not name.startswith("_") and name != "CITY"
    }


@pytest.fixture(scope="module")
def draws(tmp_path_factory):
    """Every draw of a small city, and the rules that made it."""
    place = few_plants(tmp_path_factory.mktemp("place"))
    lines = subprocess.run(
        [sys.executable, ROOT / "tests/watched_draws.py", place],
        env=os.environ | PLAIN_PYTHON,
        capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    return [json.loads(line) for line in lines]


def test_no_draw_is_made_in_two_places(draws):
    assert len(draws) > 3000
    twice = [draw for draw in draws if len(draw[4]) > 1]
    assert not twice


def test_every_purpose_that_is_drawn_has_a_name_and_every_name_is_drawn(draws):
    names = names_of_purposes()
    numbers = {purpose for *_, purpose, _ in draws}
    numbered = {first + k: first for first, most in NUMBERED.items() for k in range(most)}
    drawn = {numbered.get(number, number) for number in numbers}
    assert drawn == set(names)


def test_first_draws_never_change():
    """A change here changes every published result."""
    assert [chance.uniform(np.uint64(chance.stream_key(1, 0)), i, 0, 1) for i in range(3)] == pytest.approx(
        FIRST_DRAWS, abs=0
    )


FIRST_DRAWS = [0.998756255008319, 0.7968039156269656, 0.037491134662970604]
