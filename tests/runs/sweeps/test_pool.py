"""The pool does jobs, ends with what one of them raises, and tells of a process that died."""

from __future__ import annotations

import os

import pytest
from click.testing import CliRunner

from sim.cli import main
from sim.runs.pool import Job, JobDiedError, pool
from sim.studies.article import judge


def doubled(number):
    return 2 * number


def wrong(number):
    raise ValueError(f"no {number}")


def dying(number):
    os._exit(7)


@pytest.mark.parametrize("workers", [0, 1])
def test_jobs_are_done_and_what_one_raises_is_raised_here(workers):
    found = {}
    with pool(workers) as do:
        do(
            [Job(f"job-{k}", doubled, (k,)) for k in range(5)],
            lambda job, result: found.update({job.key: result}),
        )
        assert found == {f"job-{k}": 2 * k for k in range(5)}
        with pytest.raises(ValueError, match="no 3"):
            do([Job("wrong", wrong, (3,))], lambda job, result: None)


def test_a_process_that_dies_is_told_and_the_others_go_on():
    found = {}
    with pool(1) as do:
        do(
            [Job("dying", dying, (0,)), Job("fine", doubled, (4,))],
            lambda job, result: found.update({job.key: result}),
        )
    assert found["fine"] == 8
    assert isinstance(found["dying"], JobDiedError)
    assert "exit code 7" in str(found["dying"])


def test_claims_whose_process_died_end_in_one_line(tmp_path, monkeypatch):
    def died(folder, quick, say):
        raise JobDiedError("the process that made this run died (exit code 7)")

    monkeypatch.setattr(judge, "judge", died)
    outcome = CliRunner().invoke(main, ["claims", "--quick", "--out", str(tmp_path / "c")])
    assert outcome.exit_code == 1
    assert "exit code 7); what was finished is kept in" in outcome.output
    assert "Traceback" not in outcome.output
