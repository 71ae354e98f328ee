"""What the supervisor knows of one process: whether it runs, how often it died, when to try again.

Restarts never stop; only the time between them grows, up to a limit.
"""

from __future__ import annotations

import signal
import time
from dataclasses import asdict, dataclass, field

from deploy.local.processes import ProcessIdentity

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 20.0
HEALTHY_SECONDS = 30.0  # who lived that long starts again at the first pause


@dataclass
class Watched:
    """One process of the stack."""

    name: str
    held: bool = False
    identity: ProcessIdentity | None = None
    restarts: int = 0
    last_exit: int | None = None
    why: str = ""
    """The sentence of what kept it from running, the last time that something did."""
    since: float = field(default_factory=time.time)
    _failures: int = 0
    _born: float = 0.0
    _next_try: float = 0.0
    _asked: float | None = None

    def started(self, identity: ProcessIdentity | None) -> None:
        """Note who runs now; None when it ended before anybody could look."""
        if self.last_exit is not None:
            self.restarts += 1
        self.identity, self._born, self._asked = identity, time.monotonic(), None
        self.since = time.time()
        if identity is None:
            self.tried_in_vain()

    def ended(self, code: int) -> None:
        """Note that it ended and when to start it again."""
        asked = self._asked is not None or code in (0, -signal.SIGTERM)
        healthy = time.monotonic() - self._born > HEALTHY_SECONDS
        self.identity, self.last_exit, self.since = None, code, time.time()
        if asked or healthy:
            self._failures = 0
        self.tried_in_vain()

    def tried_in_vain(self) -> None:
        """Wait longer before the next try."""
        pause = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**self._failures)
        self._failures = min(self._failures + 1, 16)
        self._next_try = time.monotonic() + pause

    def due(self) -> bool:
        """Whether it should be started now."""
        return self.identity is None and not self.held and time.monotonic() >= self._next_try

    def ask_to_stop(self, seconds: float, number: signal.Signals = signal.SIGTERM) -> None:
        """Ask once to stop; kill it when it did not within the time."""
        if self.identity is None:
            return
        if self._asked is None:
            self._asked = time.monotonic()
            self.identity.send(number)
        elif time.monotonic() - self._asked > seconds:
            self.identity.send(signal.SIGKILL)

    def told(self) -> dict[str, object]:
        """Return what `nrm status` shows."""
        state = "running" if self.identity else "held" if self.held else "starting again"
        return {
            "state": state,
            "process": self.name,
            "identity": asdict(self.identity) if self.identity else None,
            "restarts": self.restarts,
            "last_exit": self.last_exit,
            "why": self.why,
            "since": round(self.since, 3),
        }
