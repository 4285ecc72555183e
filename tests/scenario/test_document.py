"""YAML as plain data: what people write is read as written, and whatever asks for more is refused in a line."""

import json

import pytest

from sim.scenario import ScenarioError, load_scenario
from sim.scenario.document import read_document, read_value
from sim.scenario.shipped import folder_name


@pytest.fixture
def read(tmp_path):
    def reading(text):
        path = tmp_path / "mine.yaml"
        path.write_text(text, encoding="utf-8")
        return read_document(path).data

    return reading


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5), ("-0x1F", -31), ("0o17", 15), ("0b101", 5), ("1_510_000", 1_510_000), ("1e3", 1000.0), (".5", 0.5), ("yes", "yes"),
        ("true", True), ("~", None), ("null", None), ("'5'", "5"), ("2025-08-27", "2025-08-27"), ("[1, a]", [1, "a"]),
        ("{a: 1}", {"a": 1}), ("18:30", "18:30"), ("浦东", "浦东"),
    ],
)  # fmt: skip
def test_values_are_read_as_they_look(text, value):
    found = read_value(text, "--set", "any.key")
    assert found == value
    assert type(found) is type(value)


def test_anchors_and_merges_of_yaml(read):
    data = read(
        "a: &base {x: 1, y: 2}\nb: {<<: *base, y: 3}\nc: {<<: [{x: 7}, {x: 8, z: 9}], y: 0}\nd: *base\n"
    )
    assert data["b"] == {"x": 1, "y": 3}
    assert data["c"] == {"x": 7, "z": 9, "y": 0}
    assert data["d"] == data["a"] is not data["d"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: !!python/object/apply:os.system [true]\n", r"mine\.yaml:1: a: .*tag"),
        ("a: !!binary aGk=\n", r"mine\.yaml:1: a: .*tag"),
        ("a: !mine 5\n", r"mine\.yaml:1: a: .*tag"),
        ("a: &x [*x]\n", r"mine\.yaml:1: a"),
        ("a: 1\nb: [1, 2\n", r"mine\.yaml:\d"),
        ("a: 1\n---\nb: 2\n", r"mine\.yaml:\d"),
        ("- 1\n- 2\n", r"mine\.yaml:1: expected a mapping"),
        ("", r"mine\.yaml:1: the file is empty"),
        ("a: 1\na: 2\n", r"mine\.yaml:2: a: this key stands twice"),
        ("a: " + "[" * 200 + "]" * 200 + "\n", r"mine\.yaml:1: "),
        ("a: *nobody\n", r"mine\.yaml:1: "),
        ("? [a, b]\n: 1\n", r"mine\.yaml:1: "),
        ("a: " + "x" * 130_000 + "\n", r"mine\.yaml: larger than 120,000 bytes"),
        ("a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
         "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d,*d]\n", r"mine\.yaml:\d: "),
    ],
)  # fmt: skip
def test_whatever_asks_for_more_is_refused_in_a_line(read, text, message):
    with pytest.raises(ScenarioError, match=message) as caught:
        read(text)
    assert len(str(caught.value).splitlines()) == 1


def test_a_number_beyond_all_floats_and_a_date_that_is_none_are_told_with_their_line(tmp_path):
    for text, message in (
        ("fleet:\n  cars: 1e400\n", r"mine\.yaml:2: fleet\.cars: "),
        ("chargers:\n  en_route_kw: 0.01\n", r"mine\.yaml:2: chargers\.en_route_kw: .*19"),
        (
            "grid:\n  peak_demand_mw: 1e308\n",
            r"mine\.yaml:2: grid\.peak_demand_mw: must be at most 1e\+09 in size",
        ),
        ("time:\n  start: 2025-02-30\n", r"mine\.yaml:2: time\.start: "),
        ("fleet:\n  cars: 99999999999999999999999999\n", r"mine\.yaml:2: fleet\.cars: "),
        ("time:\n  days: 0x10\n  step_minutes: yes\n", r"mine\.yaml:3: time\.step_minutes: "),
    ):
        (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(ScenarioError, match=message):
            load_scenario(tmp_path / "mine.yaml")


def test_a_setting_that_every_arm_sets_for_itself_is_refused(tmp_path):
    """It would change nothing, and say nothing of it."""
    with pytest.raises(
        ScenarioError,
        match=r"--set: operator\.policy: every arm sets this key for itself.*arms\.v2g\.operator\.policy",
    ):
        load_scenario("quickstart", ["operator.policy=tou"])
    (tmp_path / "mine.yaml").write_text("fleet: {cars: 100}\n", encoding="utf-8")
    for source in ("quickstart", tmp_path / "mine.yaml"):  # with arms of its own, and with the standard ones
        spec = load_scenario(source, ["arms.v2g.operator.policy=tou"])
        assert spec.for_arm("v2g").operator.policy == "tou"
        assert list(spec.arms) == ["uncontrolled", "smart", "v2g"]


def test_a_name_may_be_of_any_script_but_lead_nowhere(tmp_path):
    for name in ("我的城市", "Zürich 2030", "a.b-c_d"):
        (tmp_path / "mine.yaml").write_text(f"name: {name}\n", encoding="utf-8")
        assert load_scenario(tmp_path / "mine.yaml").name == name
    for name in ("../up", "a/b", "..", ".", "con", "a\\b", "c:d", "x" * 150):
        folder = folder_name(name)
        assert folder not in ("", ".", "..", "con")
        assert not set('/\\:*?"<>|') & set(folder)
        assert len(folder) <= 81
    for name in ("x" * 300, "two\nlines", " "):
        (tmp_path / "mine.yaml").write_text(json.dumps({"name": name}), encoding="utf-8")
        with pytest.raises(ScenarioError, match=r"mine\.yaml:1: name: "):
            load_scenario(tmp_path / "mine.yaml")
