"""Who is on duty when, and how often somebody may be told. Pure, but for reading the file once.

The file holds duty addresses of the agency, never a person's own.
"""

from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from console.ringing import MISSING, WORTH
from services.chassis.errors import SettingsWrong

Day = Literal["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
DAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Hours(_Part):
    """When somebody is there."""

    days: Annotated[tuple[Day, ...], Field(min_length=1, max_length=7)]
    opens_at: time
    closes_at: time


class Contact(_Part):
    """One duty address."""

    by: Literal["mail", "sms"]
    to: Annotated[str, Field(pattern=r"^[^\s,;<>]{3,120}$|^\+?[0-9][0-9 -]{5,20}$")]
    language: Literal["en", "ru", "be"] = "ru"
    hours: Annotated[tuple[Hours, ...], Field(max_length=10)] = ()
    """None: round the clock."""
    emergencies: bool = False
    """Whether an emergency is told outside of the hours, too."""


class Mail(_Part):
    """The server that takes mail."""

    host: Annotated[str, Field(min_length=1, max_length=200)]
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    sender: Annotated[str, Field(pattern=r"^[^\s,;<>]{3,120}$")]
    username: str | None = None
    password: SecretStr | None = None
    starttls: bool = True


class Sms(_Part):
    """The gateway that takes SMS: an HTTP address that gets ``to`` and ``text`` as JSON."""

    address: Annotated[str, Field(pattern=r"^https?://[^\s]{1,200}$")]
    token: SecretStr | None = None


class Duty(_Part):
    """The whole file."""

    contacts: Annotated[tuple[Contact, ...], Field(min_length=1, max_length=50)]
    mail: Mail | None = None
    sms: Sms | None = None
    least_minutes: Annotated[int, Field(ge=1, le=1440)] = 15
    """Nobody is told more often than this."""
    most_each_day: Annotated[int, Field(ge=1, le=200)] = 20


def read_duty(path: Path) -> Duty:
    """The file; SettingsWrong names the places that are wrong, never what stands there."""
    try:
        duty = Duty.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError):
        raise SettingsWrong("the file of duty contacts cannot be read") from None
    except ValidationError as error:
        found = error.errors(include_input=False, include_context=False, include_url=False)
        places = ", ".join(".".join(map(str, each["loc"])) for each in found)
        raise SettingsWrong(f"the file of duty contacts is wrong at: {places}") from None
    lacking = {each.by for each in duty.contacts if getattr(duty, each.by) is None}
    if lacking:
        raise SettingsWrong(f"the file of duty contacts lacks: {', '.join(sorted(lacking))}")
    return duty


class Turn:
    """What one contact was told and when; in memory only."""

    def __init__(self, contact: Contact, duty: Duty, zone: ZoneInfo) -> None:
        self.contact = contact
        self._duty = duty
        self._zone = zone
        self._told: list[datetime] = []
        self._told_emergency: datetime | None = None
        self.waits = False
        self._emergency = False

    def something_waits(self, *, emergency: bool) -> None:
        """There is something to look at; once is enough, however much there is."""
        self.waits = True
        self._emergency = self._emergency or emergency

    def is_due(self, now: datetime) -> bool:
        """Whether to tell now: in the hours, not too often, not too much in a day.

        An emergency has minutes: it waits for no other notice than one of an emergency.
        """
        if not self.waits or not self._is_there(now):
            return False
        least = timedelta(minutes=self._duty.least_minutes)
        if self._emergency and self.contact.emergencies:
            return self._told_emergency is None or self._told_emergency <= now - least
        self._told = [at for at in self._told if at > now - timedelta(days=1)]
        if len(self._told) >= self._duty.most_each_day:
            return False
        return not self._told or self._told[-1] <= now - least

    def was_told(self, now: datetime) -> None:
        """It was sent."""
        self._told.append(now)
        self._told_emergency = now if self._emergency else self._told_emergency
        self.waits = self._emergency = False

    def _is_there(self, now: datetime) -> bool:
        if not self.contact.hours or (self._emergency and self.contact.emergencies):
            return True
        here = now.astimezone(self._zone)
        return any(
            DAYS[here.weekday()] in hours.days and hours.opens_at <= here.time() < hours.closes_at
            for hours in self.contact.hours
        )


def is_worth_a_notice(entry: dict[str, Any]) -> bool:
    """An offer came, a clock ran out, or something is stuck; anything else can wait."""
    return _word(entry) in WORTH


def is_an_emergency(entry: dict[str, Any]) -> bool:
    """Whether it cannot wait for the hours."""
    facts = entry.get("facts") or {}
    danger = facts.get("urgency") == "emergency" or facts.get("immediate_danger") is True
    return danger or _word(entry) == MISSING


def _word(entry: dict[str, Any]) -> str:
    """What happened: ``offer-received``."""
    return str(entry.get("type", "")).removesuffix(".v1").rpartition(".")[2]
