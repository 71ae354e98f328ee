"""What goes through the house while its processes die: it passes every failpoint of the list.

One case all the way round with a decision and its deadline, a refused record at every door on the
way, a pool at an agency whose topic refuses what it is told, and a stranger who writes into a
node's topic out of order, too early, and nonsense; what he leaves is taken away after each round.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from contracts.identification import CaseChanged, CaseOpened
from deploy.demo.agency import StoryFailed
from deploy.demo.bus import Post
from deploy.demo.databases import Databases
from deploy.demo.stage import Stage, new_id
from deploy.demo.stories import hospital, loop
from deploy.local import broker_admin
from deploy.local.control import topology_of
from deploy.local.layout import REPOSITORY
from services.chassis.failpoints import Failpoint
from services.chassis.messaging.relay import RelayLimits
from tests.faults.processes.breaking import stopped
from tests.faults.processes.places import HINDERED, IDENTIFIER, SEEKER
from tests.support.history import STRANGER
from tests.support.one_case import OneCase

TOPIC = f"nrm.local.{loop.INTERIOR}.identification.v1"
POOLS = f"nrm.local.{loop.NGO}.capacity.v1"
DOORS = (loop.BORDER, loop.INTERIOR, loop.REDCROSS)
KILLED = -9
NO_ID = "no-id"
REACH_SECONDS = 240.0
SCREENING = {
    "result": "indicators-found",
    "exploitation": ["forced-labour"],
    "means": ["withholds-documents"],
}
CODES = {
    "case_type": "trafficking",
    "majority": "adult",
    "immediate_danger": False,
    "oblast": "BY-BR",
    "citizenship": "BY",
    "country_of_exploitation": "RU",
    "exploitation": ("forced-labour",),
    "industry": "F",
    "audience_class": "men",
    "language": "ru",
}


@dataclass
class Load:
    """One round of it."""

    stage: Stage
    wanted: frozenset[Failpoint] = frozenset()
    """What is to be reached: some places need a hand."""
    cases: list[OneCase] = field(default_factory=list)
    died: Callable[[Failpoint], bool] = lambda _failpoint: True
    """Whether whoever was to die there did."""
    waiting: str = ""
    """What the stranger speaks of too early."""
    waited: list[str] = field(default_factory=list)
    """That, each time."""

    def go(self, breaks: Callable[[str], None] = lambda _step: None) -> None:
        """All of it once."""
        self.waiting = new_id()
        self.waited.append(self.waiting)
        if Failpoint.RELAY_ABANDONED in self.wanted:
            self.unacknowledged()
        for node in DOORS:
            self.refused(node)
        self.hindered()
        self.early()
        case = OneCase(self.stage, breaks)
        self.cases.append(case)
        case.goes_round()
        self.decided(case)
        self.released()

    def refused(self, node: str) -> None:
        """A record that no door takes: it is answered, and deleted from the bus."""
        agency = self.stage.agency(node)
        nonsense = {"detecting_agency": node}
        agency.post(agency.event("person-detected", new_id(), nonsense))

    def decided(self, case: OneCase) -> None:
        """A decision begins a time of reflection; its end is brought near."""
        (case_id,) = case.cases(loop.INTERIOR)
        interior = self.stage.agency(loop.INTERIOR)
        interior.tells("screening-recorded", case_id, SCREENING)
        interior.tells("decision-recorded", case_id, loop.decision("reasonable-grounds"))
        self.rows(
            IDENTIFIER,
            "UPDATE deadline SET due_at = due_at - interval '40 days'"
            " WHERE subject = $1 AND kind = 'reflection-ends'",
            case_id,
        )
        interior.news("identification.reflection-ended", lambda news: news["case_id"] == case_id)

    # ------------------------------------------------------------ the stranger

    def early(self) -> None:
        """A change of what is not yet known, a number before its predecessor, and nonsense."""
        self.say(self.waiting, 1, CaseChanged(**CODES))
        self.say(new_id(), 1, CaseChanged(**CODES), subject=NO_ID)

    def tried_too_often(self) -> None:
        """Let what waits look as if it had ended its process three times."""
        self.rows(
            SEEKER,
            "UPDATE inbox_row SET attempts = 3 WHERE state = 'waiting' AND subject = $1",
            self.waiting,
        )

    def released(self) -> None:
        """What was too early becomes known: by another source, its second number first."""
        if Failpoint.REDRIVEN_BEFORE_COMMIT in self.wanted:
            self.redriven()
        self.stage.until(
            "what its failpoint left",
            lambda: self.died(Failpoint.ROW_PARKED_BEFORE_COMMIT),
            REACH_SECONDS,
        )
        self.say(self.waiting, 2, CaseChanged(**CODES), source="2")
        self.say(self.waiting, 1, _opened(), source="2")
        self.stage.until("what was too early", self._received, REACH_SECONDS)

    def _received(self) -> bool:
        """Whether both sources' numbers are read to their end."""
        found = self.rows(SEEKER, "SELECT read FROM inbox_mark WHERE subject = $1", self.waiting)
        return sorted(str(row["read"]) for row in found) == ["1", "2"]

    def redriven(self) -> None:
        """An operator who is killed before his order is committed gives it again."""
        handle = self.stage.until("a parked record", self._parked_handle)
        command = [sys.executable, "-m", "cli.main", "parked", "redrive", handle]
        command += ["--reason", "mended", "--state", str(self.stage.state.root)]
        order = {"NRM_TEST": "1", "NRM_FAILPOINT": Failpoint.REDRIVEN_BEFORE_COMMIT}
        for environment, code in ((order, KILLED), ({}, 0)):
            done = subprocess.run(
                command,
                cwd=REPOSITORY,
                env={**os.environ, **environment},
                capture_output=True,
                check=False,
                timeout=120,
            )
            assert done.returncode == code, done.stderr.decode()[-500:]

    def _parked_handle(self) -> str:
        command = [sys.executable, "-m", "cli.main", "parked", "list", "--json", "--of", SEEKER]
        done = subprocess.run(
            [*command, "--state", str(self.stage.state.root)],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        return _first_handle(done.stdout) if done.returncode == 0 else ""

    def say(self, about: str, sequence: int, body: CaseChanged | CaseOpened, **other: str) -> None:
        """One record that looks like a service's own."""
        word = "case-opened" if isinstance(body, CaseOpened) else "case-changed"
        subject = other.get("subject", about)
        attributes = {
            "specversion": "1.0",
            "id": new_id(),
            "source": f"{STRANGER}:{other.get('source', '1')}:{about}",
            "type": f"org.nrm.identification.{word}.v1",
            "time": _now().isoformat(),
            "subject": subject,
            "dataschema": f"urn:nrm:schema:org.nrm.identification.{word}.v1.0",
            "sequence": str(sequence),
            "epoch": "1",
        }
        headers = tuple((f"ce_{name}", value.encode()) for name, value in attributes.items())
        kind = (("content-type", b"application/json"),)
        value = body.model_dump_json().encode()
        self.stage.bus.post([Post(topic=TOPIC, key=subject, value=value, headers=headers + kind)])

    def forget_nonsense(self) -> None:
        """What nobody will ever handle is discarded everywhere."""
        topology = topology_of(self.stage.state)
        for unit in topology.units:
            if unit.node == loop.INTERIOR:
                self.rows(unit.name, "DELETE FROM inbox_row WHERE subject = $1", NO_ID)
        self.rows(
            SEEKER,
            "UPDATE inbox_row SET state = 'behind', attempts = 0"
            " WHERE subject = ANY($1) AND state = 'parked'",
            self.waited,
        )

    # ------------------------------------------------------------ the hindered topic

    def hindered(self) -> None:
        """A pool changes while its topic takes nothing of that size."""
        bootstrap = self.stage.bus.bootstrap
        ngo, pool = self.stage.agency(loop.NGO), new_id()
        wanted = Failpoint.RELAY_BEFORE_PARK in self.wanted
        if wanted:
            broker_admin.change_settings(bootstrap, {POOLS: HINDRANCE})
        try:
            ngo.tells("capacity-reported", pool, {"pool_id": pool, **hospital.POOL})
            if wanted:
                self.stage.until(
                    "what its failpoint left",
                    lambda: self.died(Failpoint.RELAY_BEFORE_PARK),
                    REACH_SECONDS,
                )
        finally:
            if wanted:
                broker_admin.change_settings(bootstrap, {POOLS: UNHINDERED})

    def unacknowledged(self) -> None:
        """Gateways send while the broker stands still: its first answer finds them impatient.

        A relay that is asking for metadata when the broker goes on abandons its producer. One that
        was between two questions hears its acknowledgement instead: then once more.
        """
        for _ in range(FREEZES):
            with stopped(self.stage, "kafka"):
                for node in DOORS:
                    elsewhere = loop.detection(loop.NGO)
                    agency = self.stage.agency(node)
                    agency.send(agency.event("person-detected", new_id(), elsewhere))
                time.sleep(RelayLimits().stuck_seconds + LONGER_SECONDS)
            with suppress(StoryFailed):
                self.stage.until(
                    "who gave a producer up",
                    lambda: self.died(Failpoint.RELAY_ABANDONED),
                    REACH_SECONDS / FREEZES,
                )
                return

    def unpark(self) -> None:
        """What the life after the killed one may have put aside may be sent now."""
        self.rows(HINDERED, "UPDATE outbox SET parked = NULL WHERE parked IS NOT NULL")

    def rows(self, unit: str, query: str, *arguments: object) -> list[dict[str, object]]:
        """Rows of one service, as the owner."""
        return Databases(self.stage.state).rows(
            topology_of(self.stage.state).unit(unit), query, *arguments
        )


HINDRANCE, UNHINDERED = {"max.message.bytes": "100"}, {"max.message.bytes": "1048588"}
FREEZES, LONGER_SECONDS = 4, 5.0


def _opened() -> CaseOpened:
    return CaseOpened(origin="detected", counted_by=loop.INTERIOR, occurred_at=_now(), **CODES)


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - outside the services


def _first_handle(printed: str) -> str:
    found = [each["handle"] for each in json.loads(printed or "[]")]
    return found[0] if found else ""
