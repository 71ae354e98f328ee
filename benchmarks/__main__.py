"""``python -m benchmarks [job …] [--rounds n] [--quick]``: measure, print the table, write it."""

import argparse
import logging
import sys
import time
import traceback
from pathlib import Path
from typing import Final

from benchmarks import (
    acknowledged,
    batches,
    cluster,
    command,
    handler,
    hops,
    machine,
    relay,
    size,
    start,
)
from benchmarks.figures import Round
from benchmarks.jobs import Job, Setting, run_rounds
from benchmarks.report import RESULTS, JobReport, Report
from benchmarks.servers import servers

JOBS: Final[dict[str, Job]] = {
    job.name: job
    for job in (
        relay.JOB,
        acknowledged.JOB,
        handler.JOB,
        batches.JOB,
        batches.PROJECTION,
        command.JOB,
        size.JOB,
        hops.JOB,
        start.JOB,
        cluster.JOB,
    )
}
QUICK_ROUNDS: Final = 1


def measure(job: Job, setting: Setting, rounds: int | None) -> JobReport:
    """All rounds of one job, with the load around them; one that fails ends itself alone."""
    before, began = machine.load(), time.perf_counter()
    found: list[Round] = []
    failure = ""
    try:
        found = run_rounds(job, setting, rounds or (QUICK_ROUNDS if setting.quick else job.rounds))
    except Exception as error:  # noqa: BLE001 - told on the page and by the exit code
        failure = f"{type(error).__name__} (its trace was printed as it ran)"
        sys.stderr.write(f"{job.name}: NOT MEASURED\n{traceback.format_exc()}\n")
    return JobReport(
        job=job,
        rounds=found,
        load_before=before,
        load_after=machine.load(),
        seconds=time.perf_counter() - began,
        failure=failure,
    )


def run(names: list[str], *, rounds: int | None, quick: bool) -> Report:
    """Measure these jobs on one broker and one database."""
    with servers() as both, start.stopping(both.folder):
        setting = Setting(both, quick)
        jobs = [measure(JOBS[name], setting, rounds) for name in names]
    return Report(
        date=machine.date(),
        quick=quick,
        versions=machine.versions(),
        machine=machine.machine(),
        jobs=jobs,
    )


def main() -> None:
    """Read the command line, measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("jobs", nargs="*", choices=[*JOBS, []], help="all, when none is named")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--quick", action="store_true", help="few events, one round")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of the results")
    given = parser.parse_args()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    report = run(list(given.jobs) or list(JOBS), rounds=given.rounds, quick=given.quick)
    report.write(given.results)
    sys.stdout.write(report.markdown() + "\n" + report.goals() + "\n")
    sys.exit(any(job.failure for job in report.jobs))


if __name__ == "__main__":
    main()
