"""Rows in memory."""

import pytest

from sim.agents.car import Car
from sim.agents.charger import Charger
from sim.agents.driver import Driver
from sim.agents.entries import CHART
from sim.state.columns import LINE_BYTES, new_accounts, new_records


@pytest.mark.parametrize("kind", [Car, Driver, Charger])
def test_a_row_is_one_line_of_the_memory_and_begins_on_it(kind):
    """A row in parts of two lines costs the kernels of a step a quarter to two thirds more (docs/scale.md)."""
    rows = new_records(kind, 3)
    assert rows.dtype.itemsize == LINE_BYTES
    assert rows.ctypes.data % LINE_BYTES == 0
    accounts = new_accounts(kind, CHART, 3)
    assert accounts.dtype.itemsize % LINE_BYTES == 0
    assert accounts.ctypes.data % LINE_BYTES == 0
