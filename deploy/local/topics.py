"""Topics, made from the cards in contracts/topics and read back; services have no right to.

A card's name is a template: `<node>` stands for every node with a bus of its own, `<from>` and
`<to>` for every pair that may exchange.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from deploy.local import broker_admin
from deploy.local.failures import StackFailure
from deploy.local.layout import REPOSITORY
from deploy.local.runbooks import FIRST_LOOK, path_of
from deploy.local.shapes import TopicShape
from deploy.local.topology import Topology

CARDS = REPOSITORY / "contracts" / "topics"
DAY_MILLISECONDS = 86_400_000
FOR_EVER = "-1"
AGE_COUNTS_FROM = "LogAppendTime"
"""A record is as old as its time on the broker: what its sender says would let one that says an
old time, from a late queue or a wrong clock, be deleted before anybody read it."""


class TopicCard(BaseModel):
    """What the deploy tooling reads of a card; the rest of it is for people."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    name: str = Field(pattern=r"^nrm\.[a-z0-9.<>-]+\.v\d+$")
    partitions: int = Field(ge=1, le=64)
    retention_days: Annotated[int, Field(ge=1, le=36_500)] | Literal["unlimited"]
    config: Mapping[str, str | int | bool | float] | None = None

    def settings(self) -> dict[str, str]:
        """Return the topic's own settings as the broker writes them."""
        settings = {
            "cleanup.policy": "delete",
            "retention.ms": self._retention(),
            "message.timestamp.type": AGE_COUNTS_FROM,
        }
        for key, value in (self.config or {}).items():
            settings[key] = str(value).lower() if isinstance(value, bool) else str(value)
        return settings

    def names(self, topology: Topology) -> Iterable[str]:
        """Return the topics that the template stands for."""
        if "<node>" in self.name:
            return [self.name.replace("<node>", node) for node in topology.agencies]
        if "<from>" in self.name:
            return [
                self.name.replace("<from>", sender).replace("<to>", recipient)
                for sender, recipient in topology.pairs
            ]
        return [self.name]

    def _retention(self) -> str:
        if self.retention_days == "unlimited":
            return FOR_EVER
        return str(self.retention_days * DAY_MILLISECONDS)


def read_cards(folder: Path = CARDS) -> tuple[TopicCard, ...]:
    """Read every card."""
    cards = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            cards.append(TopicCard.model_validate(yaml.safe_load(path.read_text())))
        except (yaml.YAMLError, ValidationError) as error:
            raise StackFailure(
                f"The topic card {path.name} cannot be read ({type(error).__name__}): "
                "name, partitions and retention_days are needed."
            ) from error
    return tuple(cards)


def wanted_topics(topology: Topology, folder: Path = CARDS) -> tuple[TopicShape, ...]:
    """Return every topic that the stack needs, in the shape of its card."""
    return tuple(
        TopicShape(name=name, partitions=card.partitions, settings=card.settings())
        for card in read_cards(folder)
        for name in card.names(topology)
    )


def make_topics(bootstrap: str, wanted: tuple[TopicShape, ...]) -> None:
    """Make what is missing, change settings that differ, and read everything back."""
    present = broker_admin.topic_names(bootstrap)
    missing = [shape for shape in wanted if shape.name not in present]
    if missing:
        broker_admin.create(bootstrap, missing)
    found = broker_admin.describe(bootstrap, [shape.name for shape in wanted])
    changes = {
        shape.name: _other_settings(shape, found[shape.name])
        for shape in wanted
        if shape.name in found and _other_settings(shape, found[shape.name])
    }
    if changes:
        broker_admin.change_settings(bootstrap, changes)
    wrong = differences(bootstrap, wanted) if changes else _compare(wanted, found)
    if wrong:
        raise StackFailure(
            f"{wrong[0]}. Delete nothing: the topic holds events on their way. Put back what was "
            f"changed, its card or the broker; else {path_of(FIRST_LOOK).relative_to(REPOSITORY)}."
        )


def differences(bootstrap: str, wanted: tuple[TopicShape, ...]) -> list[str]:
    """Tell, one sentence each, where the broker is not as the cards say."""
    return _compare(wanted, broker_admin.describe(bootstrap, [shape.name for shape in wanted]))


def _compare(wanted: tuple[TopicShape, ...], found: Mapping[str, TopicShape]) -> list[str]:
    sentences = []
    for shape in wanted:
        topic = found.get(shape.name)
        if topic is None:
            sentences.append(f"The topic {shape.name} does not exist")
        elif topic.partitions != shape.partitions:
            sentences.append(
                f"The topic {shape.name} has {topic.partitions} partitions, "
                f"its card says {shape.partitions}"
            )
        elif other := _other_settings(shape, topic):
            sentences.append(f"The topic {shape.name} has another {', '.join(sorted(other))}")
    return sentences


def _other_settings(shape: TopicShape, topic: TopicShape) -> dict[str, str]:
    return {key: value for key, value in shape.settings.items() if topic.settings.get(key) != value}
