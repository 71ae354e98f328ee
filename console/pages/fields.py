"""Questions that several forms ask: when it was, and what may be known of a person as codes."""

from typing import Any, Final

from console.forms import NO, YES, Field, Kind

Fields = tuple[Field, ...]


def choice(name: str, code_list: str, **more: Any) -> Field:
    """One code of a list."""
    return Field(name=name, kind=Kind.CHOICE, code_list=code_list, **more)


def many(name: str, code_list: str, **more: Any) -> Field:
    """Several codes of a list."""
    return Field(name=name, kind=Kind.MANY, code_list=code_list, **more)


def as_given(value: Any) -> tuple[str, ...]:
    """What a service told, as a form offers it before anybody chose."""
    match value:
        case None:
            return ()
        case bool():
            return (YES if value else NO,)
        case list() | tuple():
            return tuple(value)
        case _:
            return (str(value),)


WHEN: Final = Field(name="occurred_at", kind=Kind.MOMENT, text="when", hint="when-hint")
CASE_TYPE: Final = choice("case_type", "case-type")
MAJORITY: Final = choice("majority", "majority")
DANGER: Final = Field(name="immediate_danger", kind=Kind.YES_NO, text="immediate-danger")
KNOWN: Final[Fields] = (
    many("majority_reasons", "majority-reason", hint="majority-reasons-hint"),
    choice("consent_outcome", "consent-outcome", hint="consent-outcome-hint"),
    choice("safe_channel", "safe-channel"),
    choice("language", "language", text="speaks"),
    choice("oblast", "oblast"),
    choice("citizenship", "country", text="citizenship"),
    choice("country_of_exploitation", "country", text="country-of-exploitation"),
    many("exploitation", "exploitation"),
    choice("industry", "industry"),
    choice("still_in_situation", "yes-no", text="still-in-situation"),
    Field(name="dependants", kind=Kind.NUMBER, text="dependants"),
    choice("audience_class", "audience-class"),
    choice("guardian_status", "guardian-status", hint="guardian-hint"),
)
"""What may be not yet known."""
