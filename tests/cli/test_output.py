"""What is printed never decides what is kept: closed pipes, narrow alphabets, brackets, dollars, other scripts."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from tests.conftest import SCENARIOS

CITY = """\
extends: {base}
name: {name}
title: "{title}"
time: {{warmup_days: 1}}
fleet: {{sample: 0.0001}}
arms: {{smart: null}}
"""
TITLE = "[bold]Half[/bold] of $x_1$ and [/] 浦东 \\\\frac{1"


@pytest.fixture
def city(tmp_path):
    path = tmp_path / "city.yaml"
    path.write_text(
        CITY.format(base=SCENARIOS / "quickstart.yaml", name="我的 [城市] $1", title=TITLE), encoding="utf-8"
    )
    return path


def v2gcity(city, *arguments, **alphabet):
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "COLUMNS": "120", **alphabet}
    command = [sys.executable, "-m", "sim", *map(str, arguments)]
    return subprocess.run(
        command, cwd=city.parent, env=environment, capture_output=True, text=True, check=False
    )


def test_a_run_with_an_odd_name_is_kept_and_told_of_in_ascii(city):
    ran = v2gcity(city, "run", "city.yaml")
    assert ran.returncode == 0, ran.stderr
    assert "[bold]Half[/bold] of $x_1$" in ran.stdout
    (folder,) = (city.parent / "results").iterdir()
    assert "我的" in folder.name
    assert not set("[]$/\\") & set(folder.name)
    assert json.loads((folder / "summary.json").read_text(encoding="utf-8"))["scenario"] == "我的 [城市] $1"
    assert "[bold]Half[/bold] of $x_1$" in (folder / "report.html").read_text(encoding="utf-8")
    (city.parent / "[").mkdir()
    odd = folder.rename(city.parent / "[" / "run1]")
    compared = ("compare", odd.relative_to(city.parent), odd.relative_to(city.parent))
    for more in (("owner", odd, "--car", "best"), compared, ("data", "city.yaml")):
        told = v2gcity(city, *more)
        assert told.returncode == 0, told.stderr
        assert "Traceback" not in told.stderr
        assert more is not compared or "[/run1]" in told.stdout


def test_files_whose_names_know_no_other_script_keep_the_run_too(city):
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    ran = v2gcity(city, "run", "city.yaml", **ascii_only)
    assert ran.returncode == 0, ran.stderr
    (folder,) = (city.parent / "results").iterdir()
    assert json.loads((folder / "summary.json").read_text(encoding="utf-8"))["scenario"] == "我的 [城市] $1"
    asked = v2gcity(city, "run", "city.yaml", "--out", "我的", **ascii_only)
    assert asked.returncode in (0, 2), asked.stderr
    assert "Traceback" not in asked.stderr


def test_a_reader_who_leaves_ends_nothing(city):
    """``v2gcity run … | head -0``: the result is written all the same."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "sim", "run", "city.yaml", "--out", "r"]
    ended = subprocess.run(command, cwd=city.parent, stdout=writing, stderr=writing, check=False)
    os.close(writing)
    assert ended.returncode == 0
    assert (city.parent / "r" / "summary.json").is_file()
    listed = subprocess.run(
        f"{sys.executable} -m sim schema | head -c 10",
        shell=True,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in listed.stderr
    assert "BrokenPipe" not in listed.stderr


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="signals of Unix")
def test_a_polite_kill_ends_like_an_interrupt_and_leaves_nothing_half(city):
    command = [sys.executable, "-m", "sim", "run", "city.yaml", "--out", "r", "--set", "time.days=60"]
    with subprocess.Popen(command, cwd=city.parent, stderr=subprocess.PIPE, text=True) as process:
        time.sleep(6.0)
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=30)[1]
    assert process.returncode == 130, said
    assert said.splitlines()[-1] == "interrupted; nothing was written, an earlier result stays in place"
    assert "Traceback" not in said
    assert [path.name for path in city.parent.iterdir()] == ["city.yaml"]
