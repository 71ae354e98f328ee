"""Settings of the gateway, read once by ``main``. No default may be a path, a key or a node."""

import re
from pathlib import Path
from typing import Final, Literal

from pydantic import Field, field_validator

from services.chassis.environment import ServiceSettings

SERVICE: Final = "gateway"
DomainService = Literal["identification", "referral", "assistance", "statistics"]

_SYSTEM: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


class Settings(ServiceSettings):
    """What a gateway needs to know beside what every service does."""

    service: str = SERVICE
    services: tuple[DomainService, ...]
    """The services that this node runs: a command for another one is ``not-served-here``."""
    systems: tuple[str, ...] = ("agency-system", "registration-desk", "work-list")
    """The agency's own systems and the pages for people; an intake event's source is
    ``urn:nrm:<node>:<one of these>``."""
    registry_file: Path
    """The signed memorandum as policy: participants, permitted pairs, validity."""
    directory_file: Path | None = None
    """Agencies' names and duty phones, read when they are shown; absent: neither is."""

    registry_look_seconds: float = Field(default=2.0, gt=0, le=3600)
    """How often the registry's file is looked at for a newer version."""
    clock_skew_seconds: int = Field(default=300, ge=0, le=3600)
    """How far in the future something may have happened by the agency's clock."""
    intake_limit_bytes: int = Field(default=65_536, ge=1024, le=524_288)
    """Largest intake event; a larger one is refused as ``too-large``."""
    person_limit_bytes: int = Field(default=65_536, ge=1024, le=524_288)
    """Largest identity that is taken into the safe."""
    wait_limit_seconds: float = Field(default=30.0, gt=0, le=60)
    """Longest wait for an answer, however long ``Prefer: wait=`` asks for."""
    waiters_limit: int = Field(default=100, ge=1, le=10_000)
    """Requests that may wait for their answer at once; more are told to poll."""
    feed_days: int = Field(default=90, ge=7, le=3660)
    """How long answers and news can be polled; who asks for older ones is told so (HTTP 410)."""
    answer_days: int = Field(default=430, ge=401, le=3660)
    """How long a final answer is kept: longer than an intake event is known as a repeat."""
    original_code_days: int = Field(default=90, ge=1, le=3660)
    """How long what an agency wrote instead of a known code is kept, sealed."""
    exchange_days: int = Field(default=400, ge=60, le=3660)
    """How long a received record is known as a repeat: longer than the hub keeps it and than the
    interval between backups together.
    """

    @field_validator("systems")
    @classmethod
    def _systems_are_words(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        if not given or not all(map(_SYSTEM.fullmatch, given)):
            raise ValueError("systems are words of lower case letters, digits and hyphens")
        return given
