"""One event, request or deadline, one transaction: load, allow, decide, record, disclose.

Here stands what ``main`` and ``api`` may use; the tables of what is listened to are in ``tables``.
"""

from services.referral.handlers.context import Context
from services.referral.handlers.stalls import StallWatch
from services.referral.handlers.tables import deadlines, subscriptions

__all__ = ["Context", "StallWatch", "deadlines", "subscriptions"]
