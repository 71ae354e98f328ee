"""What is printed: the timeline of a story, who knew what, the release, the joined picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.table import Table

from deploy.demo.bus import SeenRecord
from deploy.demo.knew import CLASSES
from deploy.demo.stage import Stage

QUIET_TOPICS = ("commands", "answers", "incoming")
SHORT = 8
REQUEST_OPENED = "org.nrm.referral.request-opened.v1"


def timeline(stage: Stage, story: str, records: Sequence[SeenRecord]) -> Table:
    """Time, node, service, event, short case id: what the services said about the story's cases."""
    cases = {case_id for _, case_id in stage.cases.get(story, ())}
    table = Table(title=f"{story}: timeline", title_justify="left", box=None, pad_edge=False)
    for column in ("time", "node", "service", "event", "case"):
        table.add_column(column)
    for record in sorted(records, key=lambda each: each.timestamp):
        parts = record.topic.split(".")
        if parts[1] != "local" or parts[3] in QUIET_TOPICS:
            continue
        if record.attribute("subject") not in cases:
            continue
        table.add_row(*_row(record))
    return table


def requests_of(stage: Stage, story: str, records: Sequence[SeenRecord]) -> list[str]:
    """The ids of what was asked for in the story, in order of time, for `nrm referral explain`."""
    cases = {case_id for _, case_id in stage.cases.get(story, ())}
    opened = [
        record
        for record in records
        if record.attribute("type") == REQUEST_OPENED and record.attribute("subject") in cases
    ]
    opened.sort(key=lambda each: each.timestamp)
    return list(dict.fromkeys(str(record.body()["request_id"]) for record in opened))


def _row(record: SeenRecord) -> tuple[str, ...]:
    moment = datetime.fromtimestamp(record.timestamp / 1000, UTC)
    node, _, service = record.attribute("source").removeprefix("urn:nrm:").partition(":")
    event = record.attribute("type").removeprefix("org.nrm.").removesuffix(".v1")
    recipient = record.attribute("recipient")
    return (
        moment.strftime("%H:%M:%S.%f")[:-3],
        node,
        service,
        event.partition(".")[2] + (f" -> {recipient}" if recipient else ""),
        record.attribute("subject")[:SHORT],
    )


def who_knew_what(known: Mapping[str, set[str]], crossed: Mapping[str, int]) -> Table:
    """Per node, the hub and the hub's operator."""
    table = Table(title="who knew what", title_justify="left", box=None, pad_edge=False)
    table.add_column("")
    for each in CLASSES:
        table.add_column(each)
    for node, classes in known.items():
        table.add_row(node, *("yes" if each in classes else "-" for each in CLASSES))
    total = sum(crossed.values())
    table.add_row("hub's broker", f"{total} exchange records on {len(crossed)} topics, no name;")
    table.add_row(
        "hub's operator", "pair, time, size; codes under references until they are sealed"
    )
    return table


def release_table(release: Mapping[str, Any]) -> Table:
    """The release: interval first."""
    table = Table(
        title=f"release {release['dataset']}, {release['vintage']}: "
        f"{release['nodes_counted']} nodes, {release['nodes_missing']} missing",
        title_justify="left",
        box=None,
        pad_edge=False,
    )
    for column in ("table", "cell", "shown"):
        table.add_column(column)
    for each in release["tables"]:
        for cell in each["cells"]:
            table.add_row(each["table"], cell["cell"], cell["shown"])
    return table


def joined_table(joined: Sequence[tuple[str, str, str, str]]) -> Table:
    """The picture over nodes."""
    table = Table(
        title="the joined picture (only this observer can draw it)",
        title_justify="left",
        box=None,
        pad_edge=False,
    )
    for column in ("business time", "from", "to", "what"):
        table.add_column(column)
    for row in joined:
        table.add_row(*row)
    return table
