"""Faults that are injected: a kill at any moment of writing, and a disk that is full after so many bytes."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from sim.runs.store import read_result, write_result

WRITER = """
import sys
from pathlib import Path
from sim.runs.store import read_result, write_result
result = read_result(Path(sys.argv[1]))
print("ready", flush=True)
while True:
    write_result(result, Path(sys.argv[2]))
"""
FULL_DISK = """
import resource, signal, sys
from sim.cli import main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a write beyond the limit fails as on a full disk
limit = int(sys.argv[1])
import sim.runs.run as run
simulate = run.simulate
def then_full(*given, **named):
    result = simulate(*given, **named)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    return result
run.simulate = then_full
main(["run", sys.argv[2], "--quiet", "--out", sys.argv[3], "--set", "outputs.figures=false"])
"""


@pytest.fixture(scope="module")
def written(small_result, tmp_path_factory):
    folder = tmp_path_factory.mktemp("faults") / "result"
    write_result(small_result, folder)
    return folder


def test_a_kill_at_any_moment_leaves_a_whole_result_or_none(written, tmp_path, small_result):
    target = tmp_path / "target"
    for turn in range(20):  # later each time, up to seconds on a machine that is busy
        if turn >= 8 and target.exists():
            break
        command = [sys.executable, "-c", WRITER, str(written), str(target)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout.readline() == "ready\n"
            time.sleep(0.03 * 1.4**turn)
            process.send_signal(signal.SIGKILL)
        if target.exists():
            assert read_result(target).summary == small_result.summary
    assert target.exists(), "never written at all: the writer was killed too early each time"
    for left in tmp_path.iterdir():  # what a killed writer leaves is hidden, and no result
        assert left == target or left.name.startswith(".v2gcity-")


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="no limit of file sizes on this system")
@pytest.mark.parametrize("limit", [0, 3_000, 30_000])
def test_a_full_disk_keeps_the_earlier_result_and_says_so(limit, written, tmp_path, small_result):
    target = tmp_path / "target"
    write_result(small_result, target)
    before = {path.name: path.stat().st_mtime_ns for path in target.iterdir()}
    command = [sys.executable, "-c", FULL_DISK, str(limit), str(written / "scenario.yaml"), str(target)]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    assert outcome.returncode == 1, outcome.stderr
    assert "could not be written" in outcome.stderr
    assert "an earlier result stays in place" in outcome.stderr
    assert "Traceback" not in outcome.stderr
    assert {path.name: path.stat().st_mtime_ns for path in target.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["target"]
