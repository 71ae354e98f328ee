"""The mapping file: which column says what, and which of its words is which code.

It is written once by the agency's own IT team, in YAML, in the agency's own words. A mistake in it
is told by its place, before any file is read.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from contracts.catalogue import CATALOGUE, EventSpec
from contracts.envelope import NODE_PATTERN
from contracts.vocabulary import LANGUAGES
from doors.failures import DoorFailure
from doors.tables import limits
from doors.tables.sheet import plain

INTAKE: Final[Mapping[str, EventSpec]] = {
    name.split(".")[-2]: spec for name, spec in CATALOGUE.items() if spec.topic == "intake"
}
"""By the short name that a mapping uses: `person-detected`."""
Word = Annotated[str, Field(min_length=1, max_length=200)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Part):
    """Where a value comes from: a column, always the same, or made for this row (an id)."""

    column: Word | None = None
    value: Any = None
    made: bool = False
    codes: dict[str, Any] = {}
    """A word of the agency -> a code of ours (or true and false); labels need no row here."""
    split: Annotated[str, Field(min_length=1, max_length=3)] | None = None
    formats: tuple[str, ...] = ("%Y-%m-%d", "%d.%m.%Y", "%Y-%m-%dT%H:%M:%S", "%d.%m.%Y %H:%M")
    add_days: Annotated[int, Field(ge=0, le=3660)] = 0

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        given = [self.column is not None, self.value is not None, self.made]
        if given.count(True) != 1:
            raise ValueError("say one of: column, value, made")
        return self


class When(_Part):
    """An event only for rows in which a column has one of some words."""

    column: Word
    words: Annotated[tuple[str, ...], Field(min_length=1, max_length=50)]


class EventPlan(_Part):
    """One event that a row becomes."""

    event: str
    when: When | None = None
    properties: dict[str, Source]

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.event not in INTAKE:
            raise ValueError(f"no such event; there are: {', '.join(sorted(INTAKE))}")
        strange = self.properties.keys() - INTAKE[self.event].model.model_fields.keys()
        if strange:
            raise ValueError(f"{self.event} has no property {', '.join(sorted(strange))}")
        return self


class NamePlan(_Part):
    """A column with a name."""

    column: Word
    script: Annotated[str, Field(pattern=r"^[A-Z][a-z]{3}$")] | None = None
    kind: Annotated[str, Field(pattern=r"^[a-z][a-z-]{0,29}$")] = "usual"


class DocumentPlan(_Part):
    """A column with the number of a paper."""

    column: Word
    kind: Annotated[str, Field(pattern=r"^[a-z][a-z-]{0,29}$")]
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None


class PhonePlan(_Part):
    """A column with a number; it is safe to call only where a column says so."""

    column: Word
    safe: When | None = None


class PersonPlan(_Part):
    """Columns that go into the safe and nowhere else."""

    names: tuple[NamePlan, ...] = ()
    born_on: Source | None = None
    birth_year: Source | None = None
    documents: tuple[DocumentPlan, ...] = ()
    phones: tuple[PhonePlan, ...] = ()
    addresses: tuple[Word, ...] = ()
    notes: Word | None = None


class MappingFile(_Part):
    """The whole mapping."""

    node: Annotated[str, Field(pattern=NODE_PATTERN)]
    system: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
    key: Word
    """The column that tells one row from another, for ever: a number of the agency's own files."""
    zone: str = "Europe/Minsk"
    language: str = "ru"
    sheet: str | None = None
    events: Annotated[tuple[EventPlan, ...], Field(min_length=1, max_length=10)]
    person: PersonPlan | None = None

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.language not in LANGUAGES:
            raise ValueError(f"language is one of {', '.join(LANGUAGES)}")
        return self

    def columns(self) -> tuple[str, ...]:
        """Every column that the mapping reads, each once, in order."""
        return tuple(dict.fromkeys((self.key, *self._event_columns(), *self._person_columns())))

    def wanted(self) -> frozenset[str]:
        """The same as plain words."""
        return frozenset(map(plain, self.columns()))

    def _event_columns(self) -> Iterator[str]:
        for event in self.events:
            if event.when is not None:
                yield event.when.column
            yield from (each.column for each in event.properties.values() if each.column)

    def _person_columns(self) -> Iterator[str]:
        person = self.person or PersonPlan()
        yield from (each.column for each in person.names)
        yield from (each.column for each in person.documents)
        yield from (each.column for each in person.phones)
        yield from (each.safe.column for each in person.phones if each.safe is not None)
        yield from (
            each.column for each in (person.born_on, person.birth_year) if each and each.column
        )
        yield from person.addresses
        yield from () if person.notes is None else (person.notes,)


def read_mapping_file(path: Path) -> MappingFile:
    """The mapping; a sentence names the first places that are wrong in it."""
    try:
        document = path.read_bytes()
        if len(document) > limits.MAPPING_BYTES:
            raise DoorFailure(f"{path} is too large for a mapping.")
        return MappingFile.model_validate(yaml.load(document, Loader=yaml.CSafeLoader))
    except OSError as error:
        raise DoorFailure(f"{path} cannot be read: name the mapping with --mapping.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DoorFailure(
            f"{path} is no YAML in UTF-8: look for a lost quote or indent."
        ) from error
    except ValidationError as error:
        raise DoorFailure(f"{path}: {_told(error)}") from error


def _told(error: ValidationError) -> str:
    found = error.errors(include_input=False, include_context=False, include_url=False)
    return "; ".join(
        f"{'.'.join(map(str, each['loc'])) or 'mapping'}: {each['msg']}" for each in found[:10]
    )
