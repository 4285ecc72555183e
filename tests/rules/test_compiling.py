"""Compiled rules: few variants, and machine code for what Python calls alone."""

import os
import subprocess
import sys

import numba
import numpy as np
import pytest

from sim.rules.compiling import compiled, part_of_row
from tests.conftest import ROOT


@part_of_row
def doubled(row: int) -> int:
    return 2 * row


@compiled
def doubled_of(rows, k):
    return doubled(rows[k])


@compiled
def doubled_by_constant(rows):
    return doubled(rows[0]) + doubled(7)


def test_whole_numbers_of_any_width_and_constants_share_one_variant():
    narrow, wide = np.array([3], np.int32), np.array([3], np.int64)
    assert doubled_of(narrow, 0) == doubled_of(wide, np.int32(0)) == 6
    assert doubled_by_constant(narrow) == 20
    assert len(doubled._parts) == 1
    assert [str(kind) for kind in next(iter(doubled._parts))] == ["int64"]


def test_a_part_has_no_machine_code_until_python_calls_it():
    doubled_of(np.array([3]), 0)
    assert not doubled.overloads
    assert doubled(4) == 8
    assert len(doubled.overloads) == 1


def test_what_is_wrong_in_a_part_is_told_by_the_caller():
    @part_of_row
    def wrong(row):
        return row.no_such_field

    @compiled
    def calls(row):
        return wrong(row)

    with pytest.raises(numba.core.errors.TypingError, match="no_such_field"):
        calls(3)


def test_rules_run_as_plain_python_where_numba_is_switched_off():
    code = "from sim.rules.battery import grid_side_kw as f; print(type(f).__name__, f(3.0, 7.0, 0.02, 0.05))"
    results = [
        subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=os.environ | {"NUMBA_DISABLE_JIT": off},
            capture_output=True, text=True, check=True,
        ).stdout.split()
        for off in ("0", "1")
    ]  # fmt: skip
    assert [name for name, _ in results] == ["_Rule", "function"]
    assert results[0][1] == results[1][1]
