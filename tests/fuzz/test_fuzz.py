"""A short slice of the campaign: random valid scenarios run and make sense, broken inputs are refused in lines.

``python tests/fuzz/campaign.py 1000`` is the whole of it. Every number is a draw of its own, the same on
every machine and in any order.
"""

from __future__ import annotations

from random import Random

import pytest

from tests.fuzz.broken import break_something, mutated
from tests.fuzz.scenarios import arm_steps, draw_scenario
from tests.fuzz.trials import REFUSED, days_of, try_broken, try_scenario

pytest.importorskip("resource")  # limits of time and memory are those of Unix

SEED = "slice"
MOST_STEPS = 150.0  # of all arms: a fraction of a second
SCENARIOS, INPUTS = 30, 80


def drawn(number: int):
    """The first scenario of a draw that is quick to run."""
    return next(
        data
        for again in range(100)
        if arm_steps(data := draw_scenario(Random(f"{SEED}-{number}-{again}"))) <= MOST_STEPS
    )


@pytest.mark.parametrize("number", range(SCENARIOS))
def test_a_random_scenario_runs_and_makes_sense(number):
    data = drawn(number)
    _, faults = try_scenario(data, twice=days_of(data) == 2)
    assert not faults, f"{faults}\n{data}"


def test_few_random_scenarios_are_refused():
    answers = [try_scenario(drawn(number), only_load=True)[0] for number in range(SCENARIOS)]
    assert answers.count(REFUSED) <= SCENARIOS // 3


@pytest.mark.parametrize("number", range(INPUTS))
def test_a_broken_input_is_refused_in_lines(number, tmp_path):
    broken = break_something(Random(f"{SEED}-{number}"), tmp_path)
    _, faults = try_broken(broken, tmp_path)
    assert not faults, f"{faults}\n{broken}"


def test_a_mapping_with_a_wrong_value_is_refused_in_lines():
    for number in range(INPUTS):
        data = mutated(Random(f"{SEED}-{number}"))
        _, faults = try_scenario(data, only_load=True)
        assert not faults, f"{faults}\n{data}"
