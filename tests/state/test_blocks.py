"""Blocks of rows: each is done once, by whichever thread comes to it."""

from __future__ import annotations

import numpy as np
import pytest

from sim.rules.compiling import per_row
from sim.state import blocks
from sim.state.blocks import over_blocks, sum_over_blocks

ROWS = 1000


@per_row
def mark(start, stop, seen):
    for row in range(start, stop):
        seen[row] += 1


@per_row
def add_up(start, stop, out, values):
    for row in range(start, stop):
        out[0] += values[row]
    out[1] += 1.0


@pytest.mark.parametrize("threads", ["1", "2", "5"])
def test_every_row_of_every_block_is_done_once(threads, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK_BITS", 5)
    monkeypatch.setenv("V2GCITY_THREADS", threads)
    for n in (0, 1, 32, 33, ROWS):
        seen = np.zeros(ROWS, np.int64)
        over_blocks(mark, n, seen)
        assert seen.tolist() == [1] * n + [0] * (ROWS - n)


@pytest.mark.parametrize("threads", ["1", "2", "5"])
def test_sums_are_added_block_by_block(threads, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK_BITS", 5)
    monkeypatch.setenv("V2GCITY_THREADS", threads)
    values = np.random.default_rng(1).uniform(size=ROWS)
    parts = [np.cumsum(values[first : first + 32])[-1] for first in range(0, ROWS, 32)]
    assert sum_over_blocks(add_up, ROWS, 2, values).tolist() == [sum(parts), len(parts)]
    assert sum_over_blocks(add_up, 0, 2, values).tolist() == [0.0, 0.0]


def test_two_kernels_of_one_signature_are_not_mistaken_for_each_other():
    first, second = np.zeros(ROWS), np.zeros(ROWS)
    over_blocks(mark, ROWS, first)
    over_blocks(double, ROWS, second)
    assert first.sum() == ROWS
    assert second.sum() == 2 * ROWS


@per_row
def double(start, stop, seen):
    for row in range(start, stop):
        seen[row] += 2
