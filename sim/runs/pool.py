"""Execution of the jobs of a sweep or study: this process, local processes, or an existing Dask cluster.

Local processes are a temporary Dask cluster on this machine, so that jobs are distributed in one way only.
The job of a worker that dies is given to another one. Dask cannot identify the job that killed a worker and
blames all jobs queued there; these are repeated one by one, each in a separate process.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import logging
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from typing import Any

from sim.runs.keys import code_hash
from sim.scenario import ScenarioError
from sim.state.blocks import thread_count


@dataclass(frozen=True)
class Job:
    """A function call to be executed in one of several processes.

    Attributes
    ----------
    key : str
        Unique key of the job.
    work : callable
        A module-level function.
    args : tuple
        Its arguments; arguments and return value are passed between processes.
    """

    key: str
    work: Callable[..., Any]
    args: tuple[Any, ...]


class JobDiedError(RuntimeError):
    """The process that executed a job died."""


#: Callback with the result of a job, or the error that its process died.
OnDone = Callable[[Job, Any], None]
#: Executes jobs, and reports each as soon as it is done.
Pool = Callable[[Sequence[Job], OnDone], None]

#: Jobs queued per worker: enough to avoid idle workers, few enough to stop quickly.
AHEAD = 3
#: Number of jobs after which a worker runs garbage collection.
CLEAR_EVERY = 20
_done = itertools.count(1)

#: Timeouts for a cluster to respond, and for a worker to return, [s].
PATIENCE_S = 60.0
#: Interval between checks for remaining workers, [s].
LOOK_S = 5.0


class ClusterError(RuntimeError):
    """The cluster is no longer reachable, or has lost all its workers."""


@contextmanager
def pool(workers: int, scheduler: str | None = None) -> Iterator[Pool]:
    """Provide a pool: a cluster by its address, local processes, or this process if `workers` is 0.

    An exception in a job ends all jobs and is raised here. A job whose process died returns a
    :class:`JobDiedError`.

    Raises
    ------
    ScenarioError
        If the cluster cannot be reached or runs other code.
    ClusterError
        While jobs are executed, if no worker is left or the scheduler is lost.
    """
    if scheduler is None and workers == 0:
        yield _one_after_another
        return
    if scheduler is not None:
        client = _cluster(scheduler)
    else:
        with _deaf_children():
            client = _local(workers)
    try:
        if scheduler is not None:
            _refuse_other_code(client, scheduler)
        yield lambda jobs, on_done: _hand_out(client, jobs, on_done)
    finally:
        cluster = client.cluster
        with suppress(Exception):  # closing fails if the cluster is already gone
            client.close()
        if scheduler is None and cluster is not None:
            cluster.close()


def local_workers() -> int:
    """Number of parallel worker processes on this machine: one per core, none without Dask."""
    return thread_count() if find_spec("distributed") is not None else 0


def _one_after_another(jobs: Sequence[Job], on_done: OnDone) -> None:
    for job in jobs:
        on_done(job, job.work(*job.args))


def _local(workers: int) -> Any:
    distributed = _distributed()
    cluster = distributed.LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",  # any free port: sweeps may run side by side
        silence_logs=logging.CRITICAL,
        memory_limit=0,  # a run estimates its memory itself before it starts
    )
    return distributed.Client(cluster)


@contextmanager
def _deaf_children() -> Iterator[None]:
    """Processes started within this block ignore Ctrl-C, even while Python starts up."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    # It begins with the first process otherwise, and lets signals in again.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _cluster(address: str) -> Any:
    distributed = _distributed()
    try:
        client = distributed.Client(address, timeout=f"{PATIENCE_S / 6:.0f}s")
        client.wait_for_workers(1, timeout=PATIENCE_S)
    except TimeoutError:
        raise ScenarioError.single(
            "--scheduler", address, "no scheduler answers there, or it has no workers"
        ) from None
    except (OSError, ValueError) as error:
        raise ScenarioError.single(
            "--scheduler",
            address,
            f"cannot be reached ({error}); expected an address such as tcp://host:8786",
        ) from None
    return client


def _distributed() -> Any:
    try:
        import distributed
    except ImportError:
        raise ScenarioError.single(
            "sweep", "", "needs Dask; install it with: pip install 'v2gcity[sweep]' (or run with --workers 0)"
        ) from None
    import dask

    dask.config.set({"distributed.scheduler.allowed-failures": 2, "distributed.worker.daemon": False})
    for name in ("distributed", *logging.root.manager.loggerDict):
        if name.partition(".")[0] == "distributed":  # errors are reported by this module, in one line
            logging.getLogger(name).setLevel(logging.CRITICAL)
    return distributed


def _refuse_other_code(client: Any, address: str) -> None:
    try:
        found = set(client.run(code_hash).values())
    except Exception as error:
        raise ScenarioError.single(
            "--scheduler", address, f"its workers cannot run v2gcity ({error}); install it there"
        ) from None
    if found - {code_hash()}:
        raise ScenarioError.single(
            "--scheduler", address, "its workers have another version of v2gcity; install this one there"
        )


def _hand_out(client: Any, jobs: Sequence[Job], on_done: OnDone) -> None:
    """Keep all workers busy until every job is done."""
    from distributed import KilledWorker, wait

    waiting, blamed = list(reversed(jobs)), []
    going_on: dict[Any, Job] = {}
    seen = time.monotonic()
    while waiting or going_on:
        count = len(client.scheduler_info(n_workers=-1)["workers"]) if client.status == "running" else 0
        if count:
            seen = time.monotonic()
        elif time.monotonic() - seen > PATIENCE_S or client.status in ("closed", "closing"):
            raise ClusterError("no worker is left")
        try:
            while waiting and len(going_on) < AHEAD * max(1, count):
                key = f"{waiting[-1].key}-{time.monotonic_ns()}"
                future = client.submit(done_on_one_thread, waiting[-1], key=key, pure=False)
                going_on[future] = waiting.pop()
            over = wait(list(going_on), timeout=LOOK_S, return_when="FIRST_COMPLETED").done
        except TimeoutError:
            continue
        except (CancelledError, asyncio.CancelledError, OSError, RuntimeError):
            raise ClusterError("the scheduler is gone, or cannot be reached any more") from None
        for future in over:
            job = going_on.pop(future)
            if future.status == "finished":
                on_done(job, future.result())
            elif future.status != "error":
                waiting.append(job)  # cancelled: the scheduler has lost it
            elif isinstance(future.exception(), KilledWorker):
                blamed.append(job)  # its worker died, more than once
            else:
                raise future.exception()
    for job in blamed:
        on_done(job, _alone(job))


def done_on_one_thread(job: Job) -> Any:
    """Execute a job in a worker on one thread: parallel jobs use the cores better than threads within one."""
    os.environ["V2GCITY_THREADS"] = "1"
    result = job.work(*job.args)
    if next(_done) % CLEAR_EVERY == 0:
        gc.collect()  # cities contain reference cycles; collection takes 0.1 s, so not after every job
    return result


def _alone(job: Job) -> Any:
    """Execute a job in a separate process and report if it dies."""
    context = multiprocessing.get_context("spawn")
    inbox, outbox = context.Pipe(duplex=False)
    process = context.Process(target=_send_result, args=(job, outbox))
    process.start()
    outbox.close()
    try:
        result: Any = inbox.recv()
    except EOFError:
        process.join()
        result = JobDiedError(f"the process that made this run died (exit code {process.exitcode})")
    process.join()
    return result


def _send_result(job: Job, outbox: Connection) -> None:
    outbox.send(done_on_one_thread(job))
    outbox.close()
