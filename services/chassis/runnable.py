"""How a process runs: parts started in order, stopped in reverse, never outliving one that failed.

There is no loop and no thread before ``run``, so that a launcher may fork first. A part that cannot
be stopped in its time is left behind and the process ends; nobody may swallow a part's failure.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

from services.chassis.collector import collected_rarely
from services.chassis.environment import (
    ServiceSettings,
    fail_with_sentence,
    load,
)
from services.chassis.errors import Misuse, NrmError, SettingsWrong
from services.chassis.logs import configure_logs, logger
from services.chassis.plain import Word

STOP_SECONDS: Final = 12.0
"""For all parts together, one after another; each has at least ``LAST_SECONDS``."""
LAST_SECONDS: Final = 0.5
CANCEL_SECONDS: Final = 5.0
CLOSE_SECONDS: Final = 5.0
EXIT_FAILED: Final = 1
EXIT_STUCK: Final = 70

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether a part makes progress, and one constant sentence about it."""

    ok: bool
    detail: str = ""


class Part(Protocol):
    """What a process is made of."""

    @property
    def name(self) -> str:
        """Short, unique in its process."""

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set; raise when it cannot go on."""

    def readiness(self) -> Readiness:
        """Whether it makes progress now."""


class PartFailed(NrmError):  # noqa: N818 - says what happened
    """A part of the process ended though nobody asked it to."""


class PartStuck(NrmError):  # noqa: N818 - says what happened
    """A part could be neither stopped nor cancelled in its time."""


class Health:
    """How all parts of a process are, by name."""

    def __init__(self, parts: Iterable[Part] = ()) -> None:
        self._parts: dict[str, Part] = {}
        for part in parts:
            self.watch(part)

    def watch(self, part: Part) -> None:
        """Report on ``part`` too."""
        if self._parts.setdefault(part.name, part) is not part:
            raise Misuse(f"two parts are named {part.name}")

    def report(self) -> Mapping[str, Readiness]:
        """Each part's readiness; a part that cannot say is not ready."""
        return {name: _readiness_of(part) for name, part in self._parts.items()}


def _readiness_of(part: Part) -> Readiness:
    try:
        return part.readiness()
    except Exception as error:  # noqa: BLE001 - whatever it is, the part is not ready
        return Readiness(False, f"does not say ({type(error).__name__})")


class Runnable:
    """Parts that live and die together; itself a part, so that a node may be one process."""

    def __init__(
        self,
        name: str,
        parts: Sequence[Part],
        closing: Sequence[Callable[[], Awaitable[None]]] = (),
        stop_seconds: float = STOP_SECONDS,
    ) -> None:
        self.name = name
        self._parts = tuple(parts)
        self._closing = tuple(closing)
        self._stop_seconds = stop_seconds
        self.health = Health(parts)

    def readiness(self) -> Readiness:
        """Ready when all parts are; names those that are not."""
        late = [name for name, state in self.health.report().items() if not state.ok]
        return Readiness(not late, "not ready: " + " ".join(late) if late else "")

    async def run(self, stop: asyncio.Event) -> None:
        """Run until ``stop``; raises PartFailed when a part ends before."""
        running: list[_Running] = []
        asked = asyncio.create_task(stop.wait())
        failed: str | None = None
        try:
            for part in self._parts:
                running.append(_Running(part))
                await asyncio.sleep(0)
            tasks: dict[asyncio.Task[Any], str] = {each.task: each.part.name for each in running}
            done, _ = await asyncio.wait({asked, *tasks}, return_when=asyncio.FIRST_COMPLETED)
            failed = next((tasks[task] for task in done if task in tasks), None)
            if stop.is_set():
                failed = None
        finally:
            asked.cancel()
            failed = await self._end(running, failed)
        if failed is not None:
            raise PartFailed(f"part {failed} of {self.name} ended")

    async def _end(self, running: "list[_Running]", failed: str | None) -> str | None:
        stuck: str | None = None
        loop = asyncio.get_running_loop()
        until = loop.time() + self._stop_seconds
        last = min(LAST_SECONDS, self._stop_seconds)
        for each in reversed(running):
            ended = await each.end(max(last, until - loop.time()))
            error = each.failure()
            if error is not None:
                failed = failed or each.part.name
                log.error("a part failed", part=Word(each.part.name), error=error)
            stuck = stuck if ended else each.part.name
        for close in reversed(self._closing):
            await _closed(close)
        if stuck is not None:
            raise PartStuck(f"part {stuck} of {self.name} cannot be stopped")
        return failed


class _Running:
    """One part and its task."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self._stop = asyncio.Event()
        self.task = asyncio.create_task(part.run(self._stop), name=part.name)

    async def end(self, seconds: float) -> bool:
        """Ask, wait, cancel, wait; whether it ended."""
        self._stop.set()
        await asyncio.wait({self.task}, timeout=seconds)
        if not self.task.done():
            log.error("a part does not stop in its time", part=Word(self.part.name))
            self.task.cancel()
            await asyncio.wait({self.task}, timeout=CANCEL_SECONDS)
        return self.task.done()

    def failure(self) -> BaseException | None:
        if not self.task.done() or self.task.cancelled():
            return None
        return self.task.exception()


async def _closed(close: Callable[[], Awaitable[None]]) -> None:
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await close()
    except Exception as error:  # noqa: BLE001 - the others are closed all the same
        log.warning("something does not close", error=error)


AnySettings = TypeVar("AnySettings", bound=ServiceSettings)
Build = Callable[[AnySettings], Awaitable[Runnable]]


def run(
    build: Build[AnySettings],
    settings_class: type[AnySettings],
    environment: Mapping[str, str] | None = None,
) -> None:
    """The body of every ``main``: load settings, build, run until a signal, exit with its code."""
    try:
        settings = load(settings_class, os.environ if environment is None else environment)
    except NrmError as error:
        fail_with_sentence(error)
    configure_logs(settings)
    run_process(lambda: build(settings))


main = run


def run_process(build: Callable[[], Awaitable[Runnable]]) -> None:
    """Build and run until a signal; the exit code says how it ended."""
    try:
        asyncio.run(run_until_signal(build))
    except SettingsWrong as error:
        fail_with_sentence(error)
    except PartStuck:
        log.critical("the process is cut because a part is stuck")
        sys.stdout.flush()
        os._exit(EXIT_STUCK)
    except Exception as error:  # noqa: BLE001 - the last place; the exit code says it
        log.critical("the process ends", error=error)
        raise SystemExit(EXIT_FAILED) from None


async def run_until_signal(build: Callable[[], Awaitable[Runnable]]) -> None:
    """Build and run until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
            stack.callback(loop.remove_signal_handler, number)
        runnable = await build()
        log.info("started", name=Word(runnable.name))
        with collected_rarely():
            await runnable.run(stop)
        log.info("stopped", name=Word(runnable.name))


async def sleep_until(stop: asyncio.Event, seconds: float) -> bool:
    """Wait ``seconds`` or until ``stop`` is set; whether it is."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return False
    return True
