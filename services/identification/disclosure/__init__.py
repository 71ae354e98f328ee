"""The only place where what this service knows becomes an event, field by field.

A reader of this folder knows everything that identification can tell anybody: ``cases``, ``rights``
and ``everyday`` inside the node, ``addressed`` to another agency if the gateway's check lets it.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from contracts.envelope import Contract
from services.identification.disclosure.addressed import (
    accepted,
    anonymous_notification,
    anonymous_notification_received,
    awaited_decision_overdue,
    child_notification_received,
    child_notified,
    clock_stopped,
    clock_told,
    confirmed,
    destruction_due,
    failed,
    frozen,
    no_removal,
    no_removal_ended,
    no_removal_lifted,
    no_removal_not_sent,
    no_removal_told,
    offer_of,
    receipt_of,
    refused,
    removal_forbidden,
    removal_not_forbidden,
    started,
)
from services.identification.disclosure.cases import CASES
from services.identification.disclosure.everyday import EVERYDAY
from services.identification.disclosure.rights import RIGHTS
from services.identification.domain import facts

BUILDERS: Final[Mapping[type, Callable[[Any], Contract]]] = MappingProxyType(
    {**CASES, **RIGHTS, **EVERYDAY}
)
"""One builder per fact; a test says that none is missing."""


def event_of(fact: facts.Fact) -> Contract:
    """The event that tells this fact inside the node."""
    return BUILDERS[type(fact)](fact)


__all__ = [
    "BUILDERS",
    "accepted",
    "anonymous_notification",
    "anonymous_notification_received",
    "awaited_decision_overdue",
    "child_notification_received",
    "child_notified",
    "clock_stopped",
    "clock_told",
    "confirmed",
    "destruction_due",
    "event_of",
    "failed",
    "frozen",
    "no_removal",
    "no_removal_ended",
    "no_removal_lifted",
    "no_removal_not_sent",
    "no_removal_told",
    "offer_of",
    "receipt_of",
    "refused",
    "removal_forbidden",
    "removal_not_forbidden",
    "started",
]
