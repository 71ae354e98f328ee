"""Every form about one case, in the order in which the case's page lists them."""

from typing import Final

from console.pages.case_forms.plain import DAYS, DECISIONS, ENDS, THE_CHILD, TIME
from console.pages.case_forms.special import (
    CONSENT,
    CORRECT,
    REFERRAL,
    REFUSAL,
    RESTRICTION,
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

__all__ = ["FORMS"]
