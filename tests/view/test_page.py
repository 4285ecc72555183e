"""What goes to the page and comes back: the widget, the controls, the command."""

import json
import socket

import numpy as np
import pytest
from click.testing import CliRunner

from sim.cli import main
from sim.scenario import ScenarioError, load_scenario
from sim.view import launch
from sim.view.controls import SLIDERS, offer, path_of, scenarios
from sim.view.stage import Stage, _equal, close_all, script


@pytest.fixture
def stage(monkeypatch):
    found = Stage(source="quickstart")
    found.sent = []
    monkeypatch.setattr(found, "send", lambda content, buffers=None: found.sent.append((content, buffers)))
    return found


def test_every_slider_starts_at_what_the_scenario_has():
    for key in ("quickstart", "zhang-wei", "china-2030", "shanghai-full"):
        spec = load_scenario(path_of(key))
        arm = next(name for name in spec.arms if name != spec.reference)
        told = offer(spec, arm, key, {})
        for slider, made in zip(told["sliders"], SLIDERS, strict=True):
            value = spec.for_arm(arm)
            for part in made.key.split("."):
                value = getattr(value, part)
            assert slider["values"][slider["at"]] == value
            assert len(slider["values"]) == len(slider["labels"]) == len(set(map(str, slider["values"])))
        json.dumps(told)


def test_slider_ends_are_taken_or_refused_in_one_line():
    """Whatever the sliders are set to gives a scenario or a message, never a crash."""
    from sim.runs.run import prepare

    told = offer(load_scenario(path_of("quickstart")), "v2g", "quickstart", {})
    for slider in told["sliders"]:
        for value in (slider["values"][0], slider["values"][-1]):
            try:
                prepare(path_of("quickstart"), settings={slider["key"]: value})
            except ScenarioError as error:
                assert slider["key"].split(".")[-1] in str(error)  # noqa: PT017


def test_only_shipped_scenarios_can_be_named():
    assert "shanghai-year" not in [each["key"] for each in scenarios()]
    for key in ("../secret", "/etc/passwd", "base/shanghai", "nothing"):
        with pytest.raises(ScenarioError, match="not shipped"):
            path_of(key)


def test_messages_reach_the_page_whole(stage):
    stage.session.do_run(path_of("quickstart"), {"fleet.sample": 300 / 1_510_000, "time.warmup_days": 0})
    stage.session.acknowledge()
    stage.session.do_step()
    kinds = [content["kind"] for content, _ in stage.sent]
    assert kinds == ["building", "opened", "frame"]
    content, buffers = stage.sent[-1]
    cells, looks, places = buffers
    n = len(stage.sent[1][0]["map"]["x"])
    assert cells.nbytes == n * 4 * 4
    assert looks.nbytes == 300
    assert places.nbytes == 300 * 4
    assert sum(part.nbytes for part in buffers) < 200_000
    assert len(json.dumps(content)) < 20_000
    assert np.frombuffer(looks, np.uint8).max() <= 4
    stage.session._forget()


@pytest.mark.parametrize("content", [
    {"kind": "shock", "shock": "flood"}, {"kind": "step_on"}, {}, {"kind": "speed", "place": "fast"},
    {"kind": "run", "scenario": "../secret", "settings": {}}, {"kind": "jump"},
])  # fmt: skip
def test_nonsense_from_the_page_harms_nothing(stage, content):
    stage._hear(stage, content, [])
    assert all(sent["kind"] == "trouble" for sent, _ in stage.sent)


def test_exports_are_files(stage):
    stage.session.do_run(path_of("quickstart"), {"fleet.sample": 300 / 1_510_000, "time.warmup_days": 0})
    stage.session.do_step()
    stage.session.do_export("yaml")
    stage.session.do_export("csv")
    (yaml, _), (csv, _) = stage.sent[-2:]
    assert yaml["name"] == "quickstart.yaml"
    assert "enrolled_share: 0.2" in yaml["text"]
    assert csv["text"].startswith("arm,replication,time,demand_mw")
    stage.session._forget()


def test_figures_are_held_against_a_result():
    assert _equal({"a": 1.0, "b": {"c": None}}, {"a": 1.0 + 1e-12, "b": {"c": None}})
    assert not _equal({"a": 1.0}, {"a": 1.1})
    assert not _equal({"a": 1.0}, {})


def test_the_script_is_one_module_without_a_request():
    text = script()
    assert text.count("export default") == 1
    assert "import " not in text.split("export default")[0].replace("// import", "")
    assert "http" not in text


def test_a_busy_port_is_named_with_a_free_one():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        outcome = CliRunner().invoke(main, ["view", "--port", str(port), "--no-browser"])
    assert outcome.exit_code == 2
    assert outcome.output.count("\n") == 1
    assert f"--port: {port}" in outcome.output
    assert "free: --port" in outcome.output


@pytest.mark.parametrize(("source", "said"), [
    ("nothing.yaml", "no such file"), ("nothing", "no such file; these ship: california"), (".", "no result folder"),
])  # fmt: skip
def test_what_cannot_be_shown_is_said_before_anything_starts(source, said, monkeypatch):
    monkeypatch.setattr(launch, "check_port", lambda host, port: None)
    outcome = CliRunner().invoke(main, ["view", source, "--no-browser"])
    assert outcome.exit_code == 2
    assert said in outcome.output
    assert outcome.output.count("\n") == 1


def test_a_scenario_with_a_mistake_names_file_and_line(tmp_path, monkeypatch):
    path = tmp_path / "mine.yaml"
    path.write_text("title: mine\nparticipation: {enroled_share: 0.5}\n")
    monkeypatch.setattr(launch, "check_port", lambda host, port: None)
    outcome = CliRunner().invoke(main, ["view", str(path), "--no-browser"])
    assert outcome.exit_code == 2
    assert "mine.yaml:2: participation.enroled_share" in outcome.output


def test_without_the_extra_the_remedy_is_named(monkeypatch):
    monkeypatch.setattr(launch, "NEEDED", ("no_such_package",))
    outcome = CliRunner().invoke(main, ["view", "--no-browser"])
    assert outcome.exit_code == 2
    assert 'pip install "v2gcity[view]"' in outcome.output


def test_the_page_is_a_stage():
    solara = pytest.importorskip("solara")
    from sim.view.app import Page

    _, context = solara.render(Page(), handle_error=False)
    context.find(Stage).assert_single()
    stage = context.find(Stage).widget
    context.close()
    assert stage.session._closed


def test_a_stopped_server_leaves_no_session_at_work(monkeypatch):
    """A thread that goes on while Python ends would fail in the middle of a step, and say so at length."""
    found = Stage(source="quickstart")
    monkeypatch.setattr(found, "send", lambda content, buffers=None: found.session.acknowledge())
    found.session.start()
    found.session.ask("run", source=path_of("quickstart"), settings={"fleet.sample": 300 / 1_510_000})
    found.session.ask("play", on=True)
    close_all()
    assert not found.session._thread.is_alive()
