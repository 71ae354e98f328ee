"""Settings of the work list. It has no database and is told the password of none."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, field_validator

from contracts.vocabulary import LANGUAGES
from services.chassis.environment import ServiceSettings

SERVICE: Final = "console"
Address = Annotated[str, Field(pattern=r"^https?://[^\s]{1,200}$")]


class Settings(ServiceSettings):
    """What the pages need to know beside what every process does."""

    service: str = SERVICE
    database_url: SecretStr = Field(default=SecretStr(""), max_length=0)
    """None: nothing is stored here."""
    database_schema: str = Field(default="none", pattern="^none$")
    """None, too."""
    addresses: Mapping[str, Address]
    """Where the node's own services listen, by name: gateway, identification, and so on."""

    secure_cookie: bool = True
    """Whether the cookie goes over TLS only; off for a stack on one machine's loopback."""
    idle_minutes: int = Field(default=10, ge=1, le=60)
    """After so long without a click the screen is covered until the token is given again."""
    session_hours: int = Field(default=8, ge=1, le=24)
    """After so long everybody signs in anew, however busy."""
    sessions_limit: int = Field(default=200, ge=1, le=10_000)
    """People who may be signed in at once."""
    answer_seconds: int = Field(default=10, ge=1, le=30)
    """How long a page waits for the final answer to what it told."""
    consent_text: str = Field(default="2026.1", pattern=r"^20[0-9]{2}\.[0-9]{1,2}$")
    """Which printed text of consent people are read: its year and number."""
    questions_version: str = Field(default="2026.1", pattern=r"^20[0-9]{2}\.[0-9]{1,2}$")
    """Which printed list of questions people are asked: its year and number."""
    exit_address: Address = "https://www.bbc.co.uk/weather"
    """Where the button that leaves at once leads: a page that tells nothing."""
    duty_file: Path | None = None
    """Who is on duty and how to reach them; without it no notices are sent."""
    notices_token_file: Path | None = None
    """The file with the token of role ``notifier``; needed with ``duty_file``."""
    notices_seconds: float = Field(default=15.0, ge=1, le=600)
    """How often news are looked for."""
    time_zone: str = "Europe/Minsk"
    """In which times are shown and read."""
    language: str = "ru"
    """What is shown before somebody chooses."""

    @field_validator("time_zone")
    @classmethod
    def _time_zone_is_known(cls, given: str) -> str:
        try:
            ZoneInfo(given)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError("no such time zone") from None
        return given

    @field_validator("language")
    @classmethod
    def _language_is_ours(cls, given: str) -> str:
        if given not in LANGUAGES:
            raise ValueError("no language of ours")
        return given

    @field_validator("addresses")
    @classmethod
    def _the_door_is_there(cls, given: Mapping[str, str]) -> Mapping[str, str]:
        if "gateway" not in given:
            raise ValueError("the gateway's address is missing")
        return given
