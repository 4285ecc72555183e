"""Whatever stands in a scenario or sweep file, the answer is a scenario or lines that name file and place."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from sim.runs.sweeps.plan import load_sweep
from sim.scenario import ScenarioError, load_scenario
from sim.scenario.schema import leaf_fields
from sim.scenario.shipped import scenarios_folder
from tests.conftest import ROOT

KEYS = [key for key, _ in leaf_fields()]
WORDS = [
    "uncontrolled",
    "v2g",
    "none",
    "two_way",
    "2025-08-27",
    "18:00",
    "nan",
    ".inf",
    "~",
    "!!python/object:os.system",
    "&a [*a]",
]

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=True), st.text(max_size=12),
    st.sampled_from(WORDS), st.dates(),
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


def told(error: ScenarioError) -> None:
    """Every mistake is one line that begins with where it is."""
    for line in str(error).splitlines():
        assert re.match(r"^\S.*: .+", line), line
        assert "Traceback" not in line


@given(settings=st.dictionaries(st.sampled_from(KEYS), values, max_size=3))
def test_any_value_of_any_key(settings):
    try:
        load_scenario(scenarios_folder() / "quickstart.yaml", settings)
    except ScenarioError as error:
        told(error)


@given(
    data=st.dictionaries(
        st.one_of(
            st.sampled_from(["time", "fleet", "arms", "shocks", "market", "extends"]), st.text(max_size=8)
        ),
        values,
        max_size=4,
    )
)
def test_any_document(data, tmp_path_factory):
    path = tmp_path_factory.mktemp("fuzz") / "any.yaml"
    text = io.StringIO()
    try:
        YAML().dump(data, text)
    except Exception:  # what YAML cannot write nobody can have written
        return
    path.write_text(text.getvalue(), encoding="utf-8", errors="replace")
    try:
        load_scenario(path)
    except ScenarioError as error:
        told(error)


@given(text=st.one_of(st.text(max_size=80), st.binary(max_size=80)))
def test_any_text(text, tmp_path_factory):
    path = tmp_path_factory.mktemp("fuzz") / "any.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    for load in (load_scenario, load_sweep):
        try:
            load(path)
        except ScenarioError as error:
            told(error)


SWEEP = (ROOT / "scenarios" / "sweeps" / "rollout.yaml").read_text(encoding="utf-8")


@given(at=st.integers(0, len(SWEEP) - 1), length=st.integers(0, 40), by=st.text(max_size=6))
def test_a_sweep_file_with_a_hole(at, length, by, tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzz")
    path = folder / "any.yaml"
    text = SWEEP[:at] + by + SWEEP[at + length :]
    path.write_text(text.replace("../", f"{scenarios_folder()}/"), encoding="utf-8", errors="replace")
    try:
        load_sweep(path)
    except ScenarioError as error:
        told(error)


@pytest.mark.parametrize("text", [
    "a: &a [*a]\n", "? [1, 2]\n: 3\n", "fleet: !!python/object/apply:os.system ['true']\n", "<<: {a: 1}\n", "\ufeffseed: 1\n",
    "seed: 1\nseed: 2\n", "- 1\n- 2\n", "a: b: c\n", "\x00\x01", "seed: 1e999\n", "time: {start: 9999-12-31}\n", "extends: [a]\n",
    "extends: /dev/zero\n", "extends: .\n", "fleet: {cars: 0o17}\n", "%YAML 9.9\n---\nseed: 1\n",
])  # fmt: skip
def test_known_tricks(text, tmp_path):
    path = tmp_path / "trick.yaml"
    path.write_text(text, encoding="utf-8")
    try:
        load_scenario(path)
    except ScenarioError as error:
        told(error)
