"""Every form about one case, in the order in which the case's page lists them."""

from typing import Final

from console.pages.case_forms.plain import DAYS, DECISIONS, ENDS, THE_CHILD, TIME
from console.pages.case_forms.special import (
    CONSENT,
    CORRECT,
    REFERRAL,
    REFUSAL,
    RESTRICTION,
    UNLINK,
    WITHDRAWAL,
)
from console.pages.sheets import Sheet

FORMS: Final[tuple[Sheet, ...]] = (
    *(CONSENT, REFERRAL),
    *DECISIONS,
    *(RESTRICTION, REFUSAL, WITHDRAWAL),
    *TIME,
    *THE_CHILD,
    *DAYS,
    *(CORRECT, *ENDS),
)

SECOND_FORMS: Final[tuple[Sheet, ...]] = (UNLINK,)
"""What a second person says of what somebody else did."""

__all__ = ["FORMS", "SECOND_FORMS"]
