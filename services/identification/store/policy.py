"""The newest copy of the policy. There is always a row; version 0 is: none received yet.

Whoever reviews a case reads it shared, so that a new policy either is seen by the review or sees
the case: nothing falls between the two.
"""

from typing import Final

from sqlalchemy import bindparam, select, update

from services.chassis.database import Record, Statement, Transaction
from services.identification.domain import Participant, Policy
from services.identification.store.tables import POLICY_COPY

_READ: Final = Statement(select(POLICY_COPY))
_SHARED: Final = Statement(select(POLICY_COPY).with_for_update(read=True))
_REPLACE: Final = Statement(
    update(POLICY_COPY)
    .where(POLICY_COPY.c.version < bindparam("the_version"))
    .values(version=bindparam("the_version"), document=bindparam("document"))
)
_READ_ALREADY: Final = "policy in force"


async def policy_in_force(tx: Transaction) -> Policy:
    """The newest policy, which cannot change before this transaction ends: read once."""
    policy: Policy | None = tx.notes.get(_READ_ALREADY)
    if policy is None:
        policy = tx.notes[_READ_ALREADY] = _policy(await tx.fetch_one(_SHARED))
    return policy


async def read_policy(tx: Transaction) -> Policy:
    """The newest policy, for whoever only shows something: nobody waits for it."""
    return _policy(await tx.fetch_one(_READ))


def _policy(row: Record) -> Policy:
    document = row["document"]
    return Policy(
        version=row["version"],
        participants=tuple(
            Participant(
                node=found["node"],
                agency_type=found["agency_type"],
                active=found["active"],
                powers=frozenset(found["powers"]),
                oblasts=frozenset(found["oblasts"]),
            )
            for found in document["participants"]
        ),
        hand_over_pairs=frozenset((pair[0], pair[1]) for pair in document["hand_over_pairs"]),
        notice_pairs=frozenset(
            (pair[0], pair[1], pair[2]) for pair in document.get("notice_pairs", ())
        ),
    )


async def replace_policy(tx: Transaction, policy: Policy) -> bool:
    """Take a newer policy; False when this version or a newer one is in force."""
    tx.notes.pop(_READ_ALREADY, None)
    document = {
        "participants": [
            {
                "node": found.node,
                "agency_type": found.agency_type,
                "active": found.active,
                "powers": sorted(found.powers),
                "oblasts": sorted(found.oblasts),
            }
            for found in policy.participants
        ],
        "hand_over_pairs": sorted([list(pair) for pair in policy.hand_over_pairs]),
        "notice_pairs": sorted([list(pair) for pair in policy.notice_pairs]),
    }
    return await tx.execute(_REPLACE, the_version=policy.version, document=document) > 0
