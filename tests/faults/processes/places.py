"""Every failpoint: the file that passes it, and the services in which the sweep's load passes it.

One row a place. ``tests/architecture/test_failpoints.py`` holds the rows against the code;
``test_failpoint_sweep.py`` fails for a row that its load never reaches.
"""

from dataclasses import dataclass
from typing import Final

from deploy.demo.stories.loop import BORDER, INTERIOR, NGO, REDCROSS
from services.chassis.failpoints import Failpoint

GATEWAYS: Final = tuple(f"{node}.gateway" for node in (BORDER, INTERIOR, REDCROSS))
DOMAIN: Final = (
    f"{BORDER}.identification",
    f"{INTERIOR}.identification",
    f"{INTERIOR}.referral",
    f"{REDCROSS}.referral",
    f"{REDCROSS}.assistance",
)
EVERYBODY: Final = (*GATEWAYS, *DOMAIN)
SEEKER: Final = f"{INTERIOR}.referral"
"""Reads what the stranger of the load says: gaps, waits, nonsense."""
IDENTIFIER: Final = f"{INTERIOR}.identification"
"""Has a deadline that falls due."""
HINDERED: Final = f"{NGO}.assistance"
"""Its topic is made to refuse what it says."""


@dataclass(frozen=True)
class Place:
    """One failpoint: where in ``services/``, in which services, and up to which pass."""

    failpoint: Failpoint
    file: str
    services: tuple[str, ...]
    most: int = 1


CHASSIS, MESSAGING = "chassis", "chassis/messaging"
EXCHANGE = "gateway/handlers/exchange"
F = Failpoint
PLACES: Final = (
    Place(F.OUTBOX_BEFORE_WRITE, f"{MESSAGING}/outbox.py", EVERYBODY, 2),
    Place(F.OUTBOX_BEFORE_COMMIT, f"{CHASSIS}/database.py", EVERYBODY, 2),
    Place(F.OUTBOX_AFTER_COMMIT, f"{MESSAGING}/outbox.py", EVERYBODY, 2),
    Place(F.RELAY_BEFORE_SEND, f"{MESSAGING}/relay.py", EVERYBODY, 2),
    Place(F.RELAY_AFTER_SEND, f"{MESSAGING}/relay.py", EVERYBODY, 2),
    Place(F.RELAY_BEFORE_DELETE, f"{MESSAGING}/relay.py", EVERYBODY, 2),
    Place(F.RELAY_AFTER_DELETE, f"{MESSAGING}/relay.py", EVERYBODY, 2),
    Place(F.RELAY_ABANDONED, f"{MESSAGING}/relay.py", GATEWAYS),
    Place(F.RELAY_BEFORE_PARK, f"{MESSAGING}/relay.py", (HINDERED,)),
    Place(F.CONSUMER_AFTER_FETCH, f"{MESSAGING}/consumer.py", EVERYBODY, 2),
    Place(F.CONSUMER_BEFORE_SETTLE, f"{MESSAGING}/consumer.py", EVERYBODY, 3),
    Place(F.HANDLED_BEFORE_COMMIT, f"{MESSAGING}/handling.py", EVERYBODY, 2),
    Place(F.SETTLED_BEFORE_FINISH, f"{MESSAGING}/consumer.py", EVERYBODY, 3),
    Place(F.OFFSETS_BEFORE_COMMIT, f"{MESSAGING}/consumer.py", EVERYBODY, 2),
    Place(F.OFFSETS_AFTER_COMMIT, f"{MESSAGING}/consumer.py", EVERYBODY, 2),
    Place(F.ATTEMPT_COUNTED, f"{MESSAGING}/consumer.py", EVERYBODY, 2),
    Place(F.ATTEMPT_BEFORE_OVER, f"{MESSAGING}/consumer.py", EVERYBODY, 2),
    Place(F.REWOUND_BEFORE_MARK, f"{MESSAGING}/rewind.py", DOMAIN),
    Place(F.KEPT_BEFORE_COMMIT, f"{MESSAGING}/inbox.py", (SEEKER,), 2),
    Place(F.PARKED_AFTER_COMMIT, f"{MESSAGING}/handling.py", (SEEKER,)),
    Place(F.ROW_PARKED_BEFORE_COMMIT, f"{MESSAGING}/rows.py", (SEEKER,)),
    Place(F.ROW_BEFORE_COMMIT, f"{MESSAGING}/handling.py", (SEEKER,), 2),
    Place(F.ROW_AFTER_COMMIT, f"{MESSAGING}/handling.py", (SEEKER,), 2),
    Place(F.REDRIVEN_BEFORE_COMMIT, f"{MESSAGING}/parking.py", (SEEKER,)),
    Place(F.DOOR_BEFORE_COMMIT, f"{MESSAGING}/door.py", GATEWAYS),
    Place(F.DELETION_WRITTEN, f"{MESSAGING}/deletion.py", GATEWAYS),
    Place(F.DELETION_BEFORE_BUS, f"{MESSAGING}/deletion.py", GATEWAYS),
    Place(F.DELETION_AFTER_BUS, f"{MESSAGING}/deletion.py", GATEWAYS),
    Place(F.FEED_BEFORE_COMMIT, f"{MESSAGING}/feeds.py", GATEWAYS, 2),
    Place(F.FEED_AFTER_COMMIT, f"{MESSAGING}/feeds.py", GATEWAYS, 2),
    Place(F.DEADLINE_BEFORE_COMMIT, f"{CHASSIS}/deadlines.py", (IDENTIFIER,)),
    Place(F.DEADLINE_AFTER_COMMIT, f"{CHASSIS}/deadlines.py", (IDENTIFIER,)),
    Place(F.EXCHANGE_NUMBERED, f"{EXCHANGE}/sending.py", GATEWAYS),
    Place(F.EXCHANGE_BEFORE_SEND, f"{EXCHANGE}/sending.py", GATEWAYS),
    Place(F.EXCHANGE_AFTER_SEND, f"{EXCHANGE}/sending.py", GATEWAYS),
    Place(F.EXCHANGE_ARRIVED, f"{EXCHANGE}/receiving.py", GATEWAYS),
    Place(F.EXCHANGE_AFTER_ARRIVAL, f"{EXCHANGE}/receiving.py", GATEWAYS),
    Place(F.RECEIPT_BEFORE_SEND, f"{EXCHANGE}/pairs.py", GATEWAYS, 3),
    Place(F.RECEIPT_TAKEN, f"{EXCHANGE}/receipts.py", GATEWAYS),
    Place(F.STOP_BEFORE_OFFSETS, f"{MESSAGING}/consumer.py", EVERYBODY),
    Place(F.STOP_BEFORE_CLEAN, f"{MESSAGING}/consumer.py", EVERYBODY),
)
AT_STOP: Final = frozenset({F.STOP_BEFORE_OFFSETS, F.STOP_BEFORE_CLEAN})
BY_AN_OPERATOR: Final = frozenset({F.REDRIVEN_BEFORE_COMMIT})
