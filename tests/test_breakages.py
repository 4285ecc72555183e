"""Wrong changes that tests should notice: each still finds its place, and the table tells of each."""

from __future__ import annotations

import ast
import re

import pytest

from tests.break_rules import ROOT, Breakage, NoPlaceError, breakages, broken, file_of

BREAKAGES = breakages()


@pytest.mark.parametrize("breakage", BREAKAGES, ids=lambda each: each.what)
def test_a_breakage_finds_its_rule_changes_it_and_is_run_by_tests_that_exist(breakage: Breakage) -> None:
    source = file_of(breakage).read_text("utf-8")
    changed = broken(source, breakage)
    assert ast.dump(ast.parse(changed)) != ast.dump(ast.parse(source))
    assert all((ROOT / each.partition("::")[0]).exists() for each in breakage.tests)


def test_the_table_of_the_last_run_tells_of_every_breakage() -> None:
    told = re.findall(r"^\| ([^|`]+) \| `", (ROOT / "tests" / "README.md").read_text("utf-8"), re.M)
    assert sorted(told) == sorted(each.what for each in BREAKAGES)


SOURCE = '''
class Pump:
    """A pump."""

    def power(self, level):
        if level > 3:  # high
            return 2.0 * level
        return level
'''


def test_an_edit_finds_code_whatever_its_layout_and_refuses_what_is_not_there_once() -> None:
    edit = Breakage("", "pump.Pump.power", "2.0*level", "level / (2 - 1)", ())
    assert "return level / (2 - 1)" in broken(SOURCE, edit)
    assert "if level > 4" in broken(SOURCE, Breakage("", "pump.Pump.power", "level > 3", "level > 4", ()))
    assert "pass" in broken(SOURCE, Breakage("", "pump.power", "return 2.0 * level", "pass", ()))
    with pytest.raises(NoPlaceError, match="2 times"):
        broken("def f(x):\n    return x + 1, x + 1\n", Breakage("", "pump.f", "x + 1", "x", ()))
    with pytest.raises(NoPlaceError, match="0 times"):
        broken(SOURCE, Breakage("", "pump.Pump.power", "3.0 * level", "level", ()))
    with pytest.raises(NoPlaceError, match="0 files"):
        file_of(Breakage("", "gate.no_such_rule", "x", "y", ()))
