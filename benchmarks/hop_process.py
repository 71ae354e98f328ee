"""One of the three processes of job 3: ``python -m benchmarks.hop_process ROLE PLAN``.

It says ``ready`` once it can work; the sink then says all latencies in one line.
"""

import asyncio
import contextlib
import json
import signal
import sys

from benchmarks import hop_library, hop_ours
from benchmarks.hop_plan import READY, Plan
from benchmarks.pace import Latencies

RUN_SECONDS = 300.0


def say(text: str) -> None:
    """One line for the process that started this one."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


async def work(role: str, plan: Plan) -> None:
    """Take the part until told to end."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    latencies = Latencies(plan.warm, plan.events)
    stack = hop_ours if plan.stack == "ours" else hop_library
    part = stack.ROLES[role](plan, latencies)
    async with asyncio.timeout(RUN_SECONDS), part:
        say(READY)
        finished = asyncio.create_task(latencies.finished.wait())
        ended = asyncio.create_task(stop.wait())
        await asyncio.wait({finished, ended}, return_when=asyncio.FIRST_COMPLETED)
        if latencies.finished.is_set():
            say(json.dumps(latencies.seconds))
        finished.cancel()
        await ended


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(work(sys.argv[1], Plan(**json.loads(sys.argv[2]))))
