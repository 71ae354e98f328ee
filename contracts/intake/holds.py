"""Legal holds: a record that a law wants kept although the person stopped sharing.

A hold opens nothing and names no court, no file and no person: its ground is a code.
"""

from typing import Annotated

from contracts.envelope import Contract, Reference, Time, code


class LegalHoldPlaced(Contract):
    """What is here of the case has to be kept until ``ends_at``, on a ground. It stands at once,
    and falls again unless a second person confirms it in the profile's hours.
    """

    hold_id: Reference
    ground: Annotated[str, code("legal-hold-ground")]
    ends_at: Time


class LegalHoldConfirmed(Contract):
    """A second person saw the ground of a hold: it stands until its end."""

    hold_id: Reference


class LegalHoldLifted(Contract):
    """The ground of a hold is gone before its end."""

    hold_id: Reference
