"""What referral forgets by age. What a case is made of is never among it."""

from datetime import timedelta
from typing import Final

from services.chassis.retention import Keep, older_than

_LETTERS: Final = older_than("progress_letter", "written_at")
_WITHDRAWN: Final = older_than("withdrawn_offer", "withdrawn_at")


def keeps(letters: timedelta) -> tuple[Keep, ...]:
    """Letters to other agencies, and withdrawals of offers that never came."""
    return (
        Keep(name="progress_letter", kept=letters, statement=_LETTERS),
        Keep(name="withdrawn_offer", kept=letters, statement=_WITHDRAWN),
    )
