"""Settings of the referral service, read once by ``main``. No number of a law may be in here."""

from pathlib import Path
from typing import Final

from pydantic import Field

from services.chassis.environment import ServiceSettings

SERVICE: Final = "referral"


class Settings(ServiceSettings):
    """What referral needs to know beside what every service does."""

    service: str = SERVICE
    directory_file: Path
    """The directory of agencies and their services (HSDS 3.1 names)."""
    letter_days: int = Field(default=400, ge=60, le=3660)
    """How long it is known which step of a task went out as which event, and which offers were
    taken back before they arrived.
    """
    page_limit: int = Field(default=200, ge=1, le=1000)
    """Longest list that one request answers."""
