"""The state of a run is data: it comes back as it was, and reading it runs nothing, whatever stands in it."""

import io
import json
import zlib
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim import CityModel
from sim.accounting.audit import Audit
from sim.runs.checkpoint import go_on
from sim.runs.state_file import MAGIC, TAIL, DamagedState, State, UnkeptState, replace_file, write_state
from sim.scenario import ScenarioError
from tests.conftest import ROOT, small


def kept(path, state):
    replace_file(path, lambda stream: write_state(stream, state))
    return State(path)


def forged(path, tree):
    """A file that is whole, with a tree that this package did not write."""
    body = MAGIC + (text := json.dumps(tree).encode())
    path.write_bytes(body + TAIL.pack(len(text), zlib.crc32(body)))
    return State(path)


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
        | st.tuples(inner, inner)
    ),
    max_leaves=8,
)


@given(value=plain)
def test_plain_data_comes_back_as_it_was(value, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "plain.state"
    np.testing.assert_equal(kept(path, {"it": value}).build("it"), value)


def test_arrays_and_tables_come_back_bit_by_bit(tmp_path):
    frame = pd.DataFrame(
        {
            "time": pd.date_range("2025-08-27", periods=3, freq="15min"),
            "mw": [1.0, np.nan, -np.inf],
            "n": np.array([1, 2, 3], np.int16),
            "arm": pd.Categorical(["v2g", "smart", "v2g"], categories=["v2g", "smart"]),
            "name": ["a", "浦东", None],
        }
    )
    numbers = np.arange(6, dtype=np.float32).reshape(2, 3)[:, ::-1]
    state = kept(tmp_path / "s", {"frame": frame, "numbers": numbers, "audit": Audit()})
    pd.testing.assert_frame_equal(state.build("frame"), frame)
    np.testing.assert_array_equal(state.build("numbers"), numbers)
    assert state.build("audit") == Audit()


def test_a_city_goes_on_where_it_was(tmp_path):
    """Random generators and all: the rest of the day is the same, bit by bit."""
    model = CityModel(small(), arm="v2g")
    for _ in range(130):
        model.step()
    state = kept(tmp_path / "s", {"steps": model.steps, "model": model})
    again = CityModel(small(), arm="v2g")
    go_on(again, state)
    assert (again.steps, again.step_index, getattr(again, "time", 130.0)) == (130, 130, 130.0)
    again.step()
    assert (again.steps, again.step_index) == (131, 131), "one step of Mesa's clock is one of the city"
    for city in (model, again):
        city.run_model()
    pd.testing.assert_frame_equal(model.system_frame(), again.system_frame(), check_exact=True)
    pd.testing.assert_frame_equal(model.owners_frame(), again.owners_frame(), check_exact=True)


@pytest.mark.parametrize("cut", [0, 5, 20, -1, -13])
def test_a_file_that_is_not_whole_is_refused(tmp_path, cut):
    kept(tmp_path / "s", {"it": np.arange(1000)})
    content = (tmp_path / "s").read_bytes()
    (tmp_path / "s").write_bytes(content[:cut])
    with pytest.raises(DamagedState):
        State(tmp_path / "s")


@given(where=st.floats(0.0, 0.9999), bit=st.integers(0, 7))
def test_any_flipped_bit_is_noticed(where, bit, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "flipped.state"
    kept(path, {"it": np.arange(50), "name": "a"})
    content = bytearray(path.read_bytes())
    content[int(where * len(content))] ^= 1 << bit
    path.write_bytes(content)
    with pytest.raises(DamagedState):
        State(path)


@dataclass
class Outside:
    """A class that is nothing but fields, but not of the package."""


@pytest.mark.parametrize(
    "name",
    [
        "os:system", "subprocess:Popen", "builtins:eval", "sim.model:CityModel", "sim.cli:main",
        "sim.runs.state_file:os.system", "tests.runs.test_state_file:Outside", "sim", ":", "",
        "sim.scenario.schema:Scenario", "sim.not_loaded_yet:Thing",
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["object", "named"])
def test_a_file_cannot_say_which_code_is_run(tmp_path, name, kind):
    state = forged(tmp_path / "s", {"dict": [["ran", {kind: name, "fields": {"args": "true"}}]]})
    with pytest.raises(ScenarioError, match=r"is damaged or foreign .* that run is made again"):
        state.build("ran")


@pytest.mark.parametrize(
    "tree",
    [
        [], 5, {"dict": []}, {"dict": [["ran", {"call": "os.system"}]]}, {"dict": [["ran", {"array": []}]]},
        {"dict": [["ran", {"array": ["|O", [1], 0, 8]}]]}, {"dict": [["ran", {"array": ["<f8", [10**9], 0, 8]}]]},
        {"dict": [["ran", {"table": {"a": 5}, "rows": 1}]]}, {"dict": [["ran", {"random": [1, 2, 3]}]]},
    ],
)  # fmt: skip
def test_a_foreign_tree_is_refused_in_a_line(tmp_path, tree):
    with pytest.raises(ScenarioError, match="is damaged or foreign"):
        forged(tmp_path / "s", tree).build("ran")


def test_what_is_no_data_is_named():
    with pytest.raises(UnkeptState, match=r"it\.inside: a BytesIO"):
        write_state(io.BytesIO(), {"it": {"inside": io.BytesIO()}})


def test_nothing_in_the_package_reads_pickles():
    """Whoever gives somebody a file must not be able to give code with it."""
    for path in (ROOT / "sim").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for word in (
            "import pickle",
            "cloudpickle",
            "joblib",
            "marshal",
            "allow_pickle=True",
            "yaml.unsafe",
            "eval(",
        ):
            assert word not in text, f"{path}: {word}"
