"""Figures as people read them: signs, units, parts that add up, sentences that are true."""

import numpy as np
import pytest

from sim.report import quantities as told


def test_nothing_has_no_sign():
    assert [told.number(-0.4), told.signed(-0.004, 2), told.signed(0.0, 1)] == ["0", "0.00", "0.0"]
    assert [told.signed(-1234.5, 1), told.signed(0.06, 1)] == ["-1,234.5", "+0.1"]


def test_more_than_is_true_of_the_figure_behind_it():
    rng = np.random.default_rng(1)
    for value in [7.62, 7.58, 8.0, -0.26, 0.3, *rng.normal(0.0, 30.0, 200)]:
        for digits in (0, 1, 2):
            assert float(told.more_than(value, digits).replace(",", "")) <= value + 1e-9
            assert float(told.at_most(value, digits).replace(",", "")) >= value - 1e-9
    assert told.more_than(7.62, 0) == "7"
    assert told.more_than(7.62, 1) == "7.6"


def test_parts_add_up_as_they_are_shown():
    rng = np.random.default_rng(2)
    for values in rng.normal(0.0, 2.0, (300, 3)):
        parts = told.adding_up(dict(zip("abc", values, strict=True)))
        shown = [round(100 * value) for value in parts.values()]
        assert shown == pytest.approx([100 * value for value in parts.values()], abs=1e-6)
        assert sum(shown) == round(100 * round(sum(values), 2))
        assert parts == pytest.approx(dict(zip("abc", values, strict=True)), abs=0.016)


def test_a_power_and_its_interval_have_one_unit():
    assert told.power(352.0, (96.0, 611.0)) == "0.35 GW (95% interval 0.10 to 0.61 GW)"
    assert told.power(-50.0, (-190.0, 280.0)) == "50 MW (95% interval -190 to 280 MW)"
    assert told.power(3.14) == "3.1 MW"
    assert told.less(-3.0, "t") == "3 t more"
    assert told.lower(3.0, "MW") == "3 MW lower"
