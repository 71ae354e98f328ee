"""`nrm directory import | export | check`: who offers which service, as HSDS 3.1 JSON.

An import replaces the node's directory as a whole, in one step, with every good record of the file;
a bad one is named by its line, with each reason. Running services read it again by themselves.
Of a good record only what the house reads is written, by an import and by an export: a register
holds addresses, free beds and people's names, and none of them may be here. What was left out is
told by the names of the properties, never a value.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from cli.options import JsonOption, StateOption, console, errors, print_json, state_folder
from contracts.vocabulary import LANGUAGES, code_lists
from deploy.local.failures import StackFailure, as_sentence
from deploy.local.layout import DEFAULT_STATE
from services.referral.domain import kept, listings
from services.referral.domain.hsds import NotHsds, Positioned, Reader

FILE_LIMIT_BYTES = 64 * 1024 * 1024
SHOWN_LIMIT = 50
VERSION = "3.1"
app = typer.Typer(help="Who offers which service, as HSDS 3.1 JSON.", no_args_is_help=True)
FileArgument = Annotated[Path, typer.Argument(help="HSDS 3.1 JSON: organizations and services.")]
LanguageOption = Annotated[str, typer.Option("--language", help="Of the reasons: en, ru or be.")]
ToOption = Annotated[
    Path | None,
    typer.Option("--to", help="The node's directory file, where no embedded stack runs."),
]


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that is not loaded."""

    line: int
    record: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sifted:
    """A file's good records, as the directory keeps them, its bad ones, and what is not kept."""

    document: dict[str, Any]
    refused: tuple[Refused, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Property -> of how many records; no value."""

    @property
    def loaded(self) -> int:
        """How many services are good."""
        return len(self.document["services"])


@app.command("import")
def import_(
    file: FileArgument,
    to: ToOption = None,
    state: StateOption = DEFAULT_STATE,
    language: LanguageOption = "en",
    as_json: JsonOption = False,
) -> None:
    """Replace the directory with every good record of a file."""
    sifted = sift(_read(file), progress=not as_json)
    if not sifted.loaded:
        _show(sifted, language, as_json=as_json)
        raise StackFailure("No record is good: the directory stays as it is.")
    replace_file(to or state_folder(state).directory, written(sifted.document))
    _show(sifted, language, as_json=as_json)


@app.command()
def check(file: FileArgument, language: LanguageOption = "en", as_json: JsonOption = False) -> None:
    """Say what an import would load and refuse; nothing is changed."""
    sifted = sift(_read(file), progress=not as_json)
    _show(sifted, language, as_json=as_json)
    if sifted.refused:
        raise typer.Exit(1)


@app.command()
def export(
    to: Annotated[Path | None, typer.Argument(help="A file; without one it is printed.")] = None,
    source: Annotated[
        Path | None, typer.Option("--from", help="The node's directory file.")
    ] = None,
    state: StateOption = DEFAULT_STATE,
) -> None:
    """Write the directory as HSDS JSON: imported again it gives the same, byte for byte."""
    found = source or state_folder(state).directory
    sifted = sift(_read(found), progress=False)
    text = written(sifted.document)
    _show_left_out(errors, sifted)
    if to is None:
        typer.echo(text, nl=False)
    else:
        replace_file(to, text)


def sift(text: str, *, progress: bool) -> Sifted:
    """Read a text record by record; StackFailure names the line where it is no directory."""
    content: dict[str, Any] = {}
    bar = Progress(
        TextColumn("services"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=errors,
        disable=not progress,
    )
    try:
        records = list(Reader(text, content).records())
    except NotHsds as refusal:
        raise StackFailure(f"Line {refusal.line}: the file is no HSDS JSON.") from None
    with bar:
        return _sift(content, bar.track(records, total=len(records)))


def _sift(content: dict[str, Any], records: Iterable[Positioned]) -> Sifted:
    seen = listings.Seen(agencies=listings.agencies_of(content))
    good: list[dict[str, Any]] = []
    refused: list[Refused] = []
    left_out: Counter[str] = Counter(kept.left_out_beside(content))
    for place, found in enumerate(records):
        if reasons := listings.objections_to(found.record, seen):
            name = listings.name_of(found.record, place)
            refused.append(Refused(found.line, name, reasons))
        else:
            of_this: set[str] = set()
            good.append(kept.kept_service(found.record, of_this))
            left_out.update(of_this)
    document = {
        "version": VERSION,
        "organizations": _organizations(content.get("organizations"), left_out),
        "services": sorted(good, key=lambda record: (record["organization_id"], record["id"])),
    }
    return Sifted(document=document, refused=tuple(refused), left_out=dict(left_out))


def _organizations(given: object, left_out: Counter[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for row in given if isinstance(given, list) else []:
        of_this: set[str] = set()
        if organization := kept.kept_organization(row, of_this):
            found.append(organization)
        left_out.update(of_this)
    return found


def written(document: dict[str, Any]) -> str:
    """A document as text: one record a line, names in order, so that two can be compared."""
    lines = ["{", f' "version": {_json(document["version"])},']
    for name, ending in (("organizations", ","), ("services", "")):
        rows = ",\n".join(f"  {_json(record)}" for record in document[name])
        lines += [f' "{name}": [', rows, f" ]{ending}"] if rows else [f' "{name}": []{ending}']
    return "\n".join([*lines, "}"]) + "\n"


def replace_file(path: Path, text: str) -> None:
    """Put a file in another's place in one step: who reads sees the old one or the new one."""
    path = path.absolute()
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise as_sentence(error, doing="the directory") from error


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > FILE_LIMIT_BYTES:
            raise StackFailure("The file is larger than any directory.")
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise StackFailure("The file cannot be read as UTF-8.") from None
    return text if text.lstrip().startswith("{") else _from_yaml(text)


def _from_yaml(text: str) -> str:
    """The demo's directory is written by hand, in YAML."""
    try:
        return json.dumps(yaml.load(text, Loader=yaml.CSafeLoader), indent=1)
    except (yaml.YAMLError, TypeError):
        raise StackFailure("The file is neither JSON nor YAML.") from None


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _show(sifted: Sifted, language: str, *, as_json: bool) -> None:
    if language not in LANGUAGES:
        raise StackFailure(f"There are labels in {', '.join(LANGUAGES)}.")
    if as_json:
        refused = [
            {"line": each.line, "record": each.record, "reasons": list(each.reasons)}
            for each in sifted.refused
        ]
        left_out = dict(sorted(sifted.left_out.items()))
        print_json({"loaded": sifted.loaded, "refused": refused, "left_out": left_out})
        return
    console.print(f"{sifted.loaded} services are good, {len(sifted.refused)} are refused.")
    _show_left_out(console, sifted)
    if sifted.refused:
        _show_refused(sifted, language)


def _show_left_out(shown_on: Console, sifted: Sifted) -> None:
    if not sifted.left_out:
        return
    most = sorted(sifted.left_out.items(), key=lambda row: (-row[1], row[0]))[:SHOWN_LIMIT]
    told = ", ".join(f"{name} {many}" for name, many in most)
    shown_on.print(f"Left out of the directory (property, records): {told}.", markup=False)


def _show_refused(sifted: Sifted, language: str) -> None:
    labels = code_lists()["directory-refusal"]
    table = Table(box=None)
    for heading in ("line", "record", "reason", "which is"):
        table.add_column(heading, overflow="fold")
    for each in sifted.refused[:SHOWN_LIMIT]:
        for reason in each.reasons:
            table.add_row(str(each.line), each.record, reason, labels.label(reason, language))
    console.print(table)
    if len(sifted.refused) > SHOWN_LIMIT:
        counted = Counter(reason for each in sifted.refused for reason in each.reasons)
        told = ", ".join(f"{reason} {many}" for reason, many in counted.most_common())
        console.print(f"The first {SHOWN_LIMIT} are shown. All: {told}.")
