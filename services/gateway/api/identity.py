"""Who a person is, as an agency's system puts it into the safe: a strict, bounded, small model.

Only the safe's routes may use it. It is no contract: nothing of it may ever be in an event.
"""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from contracts.vocabulary import code_lists

Line = Annotated[str, Field(min_length=1, max_length=200)]
Notes = Annotated[str, Field(max_length=8000)]
Gender = Annotated[str, Field(pattern=f"^(?:{'|'.join(code_lists()['gender'].codes)})$")]
"""A code of the list ``gender``: another word is refused, as nothing here is guessed."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Name(_Part):
    """One name in one script, as it is written in a document or as the person gives it."""

    full: Line
    script: Annotated[str, Field(pattern=r"^[A-Z][a-z]{3}$")] | None = None
    """ISO 15924, for example Cyrl or Latn."""
    kind: Annotated[str, Field(pattern=r"^[a-z][a-z-]{0,29}$")] = "usual"


class Document(_Part):
    """A passport or another paper."""

    kind: Annotated[str, Field(pattern=r"^[a-z][a-z-]{0,29}$")]
    number: Line
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    valid_until: date | None = None


class Phone(_Part):
    """A number, and whether it is safe to call it."""

    number: Annotated[str, Field(pattern=r"^\+?[0-9][0-9 ()-]{2,29}$")]
    safe: bool
    owner: Line | None = None


class Address(_Part):
    """Where the person lives or stays."""

    lines: Annotated[tuple[Line, ...], Field(min_length=1, max_length=6)]
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    safe: bool = False


class Identity(_Part):
    """Everything the safe keeps about one person; each part may be absent."""

    names: Annotated[tuple[Name, ...], Field(max_length=10)] = ()
    born_on: date | None = None
    birth_year: Annotated[int, Field(ge=1900, le=2200)] | None = None
    gender: Gender | None = None
    documents: Annotated[tuple[Document, ...], Field(max_length=20)] = ()
    phones: Annotated[tuple[Phone, ...], Field(max_length=20)] = ()
    addresses: Annotated[tuple[Address, ...], Field(max_length=20)] = ()
    notes: Notes = ""
