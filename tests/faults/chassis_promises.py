"""What must hold in the tables of the real services once they have come to rest."""

# ruff: noqa: S608 - names of schemas are put together here, never values

from typing import Any

from tests.faults.chassis_world import TOPICS, ChassisWorld
from tests.faults.story import CONSUMERS, NEVER_WAIT, PUBLISHERS, READS, SKIPPED


async def check(world: ChassisWorld, *, final: bool) -> None:
    """Nothing lost, nothing twice, in order; what is stored has a reason."""
    await world.note_committed()
    for name in CONSUMERS:
        await check_committed(world, name)
        await check_effects(world, name)
        await check_published(world, name, final=final)


async def check_committed(world: ChassisWorld, name: str) -> None:
    """Nobody sees what was not committed, neither an event nor the work that it came of."""
    for row in await world.keeper.fetch(f"SELECT * FROM {name}.effect"):
        assert row["event_id"] in world.ever["published"], f"{name} saw what nobody committed"
        done = row["topic"] == TOPICS["done"]
        assert not done or row["origin"] in world.ever["doer"], f"{name} saw what was rolled back"


async def check_effects(world: ChassisWorld, name: str) -> None:
    """Each once, each key in order, no withdrawal undone."""
    effects = await world.keeper.fetch(f"SELECT * FROM {name}.effect ORDER BY id")
    places = [_place(row) for row in effects]
    assert len(set(places)) == len(places), f"{name} handled an event twice"
    caused = [(row["origin"], row["kind"]) for row in effects if row["topic"] == TOPICS["done"]]
    assert len(set(caused)) == len(caused), f"{name} handled a consequence twice"
    last: dict[Any, int] = {}
    for row in effects:
        if row["kind"] not in NEVER_WAIT:
            stream = _place(row)[:4]
            assert row["sequence"] > last.get(stream, 0), f"{name} out of order"
            last[stream] = row["sequence"]
    erased: set[str] = set()
    for row in effects:
        assert row["kind"] in NEVER_WAIT or row["subject"] not in erased, f"{name}: erased, handled"
        erased |= {row["subject"]} if row["kind"] == "erase" else set()
    await check_consent(world, name, effects)


async def check_consent(world: ChassisWorld, name: str, effects: list[Any]) -> None:
    """No withdrawal is undone by what was published before it."""
    given = await world.keeper.fetch(f"SELECT subject FROM {name}.consent WHERE given")
    for subject in (row["subject"] for row in given):
        numbers = {
            kind: max(
                (row["epoch"], row["sequence"])
                for row in [*effects, {"kind": kind, "subject": subject, "epoch": 0, "sequence": 0}]
                if row["kind"] == kind and row["subject"] == subject
            )
            for kind in ("grant", "withdraw")
        }
        assert numbers["grant"] > numbers["withdraw"], f"{name}: a withdrawal was undone"


async def check_published(world: ChassisWorld, name: str, *, final: bool) -> None:
    """Every committed event is finished, or stored for a reason."""
    effects = {_place(row) for row in await world.keeper.fetch(f"SELECT * FROM {name}.effect")}
    gone = {_place(row) for row in await world.keeper.fetch(f"SELECT * FROM {name}.discarded")}
    rows = {
        _place(row): row
        for row in await world.keeper.fetch(
            f"SELECT r.*, coalesce(m.read, 0) AS read FROM {name}.inbox_row r"
            f" LEFT JOIN {name}.inbox_mark m USING (consumer, subject, source, topic, epoch)"
        )
    }
    known = {
        row["event_id"] for row in await world.keeper.fetch(f"SELECT * FROM {name}.inbox_known")
    }
    erased = {
        row["subject"]
        for row in await world.keeper.fetch(
            f"SELECT subject FROM {name}.effect WHERE kind = 'erase'"
        )
    }
    for publisher in PUBLISHERS:
        for row in await world.keeper.fetch(f"SELECT * FROM {publisher}.published"):
            topic = row["topic"].split(".")[3]
            place = _place(row)
            if topic not in READS[name] or place in effects or place in gone:
                continue
            if row["kind"] in SKIPPED[name] or row["subject"] in erased:
                continue
            if row["event_id"] in known:
                continue
            stored = rows.get(place)
            if stored is None:
                assert not retained(world, row), f"{name} lost {place}"
            else:
                assert has_reason(world, stored, rows, final=final), f"{name} leaves {stored}"


def has_reason(world: ChassisWorld, row: Any, rows: dict[Any, Any], *, final: bool) -> bool:
    """Why a record is not finished."""
    key = (row["source"], row["topic"], row["subject"])
    older = [
        other
        for other in rows.values()
        if (other["source"], other["topic"], other["subject"]) == key
        and other["state"] != "gap"
        and (other["epoch"], other["sequence"]) < (row["epoch"], row["sequence"])
    ]
    if row["state"] == "gap":
        plain = row["event_type"].split(".")[3] not in NEVER_WAIT
        return row["sequence"] > row["read"] + 1 and (row["done"] or plain)
    return not final and (row["state"] in ("parked", "waiting") or bool(older))


def retained(world: ChassisWorld, row: Any) -> bool:
    """Whether the bus still holds it."""
    return any(
        dict(record.headers).get("ce_id") == row["event_id"].encode()
        and dict(record.headers).get("ce_epoch") == str(row["epoch"]).encode()
        for log in world.broker._logs[row["topic"]]
        for record in log.records
    )


def _place(row: Any) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("source", "topic", "subject", "epoch", "sequence"))
