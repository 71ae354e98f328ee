"""Code lists and jurisdiction profiles shared by every agency. Nothing here can name a person."""

from contracts.vocabulary.calendar import WEEK, WORKING_WEEK, BusinessCalendar
from contracts.vocabulary.lists import (
    LANGUAGES,
    NOT_YET_KNOWN,
    PLACES_TO_LIVE,
    CodeList,
    code_lists,
    is_a_reason,
    taken_as,
)
from contracts.vocabulary.mapping import StandardMapping
from contracts.vocabulary.profile import Profile, load_profile

__all__ = [
    "LANGUAGES",
    "NOT_YET_KNOWN",
    "PLACES_TO_LIVE",
    "WEEK",
    "WORKING_WEEK",
    "BusinessCalendar",
    "CodeList",
    "Profile",
    "StandardMapping",
    "code_lists",
    "is_a_reason",
    "load_profile",
    "taken_as",
]
