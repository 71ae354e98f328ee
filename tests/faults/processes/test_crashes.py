"""A case goes round while processes die: at a few failpoints, and the servers themselves.

Everything is a real process and a real SIGKILL. Afterwards the history is sound and each thing
that was posted is there once. Every failpoint has its turn in ``test_failpoint_sweep.py``.
"""

from collections.abc import Callable

from deploy.demo import figures
from deploy.demo.databases import Databases
from deploy.demo.stage import Stage
from deploy.demo.stories.loop import BORDER, INTERIOR, REDCROSS
from deploy.local import control, readiness
from deploy.local.layout import StateFolder, read_json
from deploy.local.topology import Unit
from services.chassis.failpoints import Failpoint
from tests.support.history import DOUBLED, LOST, Fault, faults_in, history_of
from tests.support.one_case import OneCase
from tests.support.stack import wait_until_ready

KILLED = -9
DYING_SECONDS = 120.0
ONE_EACH = (
    (Failpoint.HANDLED_BEFORE_COMMIT, f"{BORDER}.identification"),
    (Failpoint.RELAY_BEFORE_DELETE, f"{INTERIOR}.referral"),
    (Failpoint.SETTLED_BEFORE_FINISH, f"{REDCROSS}.referral"),
    (Failpoint.OUTBOX_BEFORE_COMMIT, f"{REDCROSS}.assistance"),
    (Failpoint.EXCHANGE_AFTER_SEND, f"{INTERIOR}.gateway"),
)
INCOMING = f"nrm.local.{REDCROSS}.incoming.v1"
LAST = 7
"""The offer and a receipt for each of six answers: nothing waits for the last one."""


def restarts(state: StateFolder, name: str) -> int:
    return int(read_json(state.processes)[name]["restarts"])


def armed(state: StateFolder, name: str, failpoint: str) -> int:
    """Start a service anew that ends at the failpoint, once it read so; returns its restarts."""
    control.arm(state, name, failpoint)
    control.restart(state, name)
    control.wait_for(state, lambda: not state.failpoint_of(name).exists(), DYING_SECONDS)
    return restarts(state, name)


def died_there(stage: Stage, name: str, before: int) -> None:
    """It was ended by its failpoint and runs again."""
    stage.until(f"the death of {name}", lambda: restarts(stage.state, name) > before, DYING_SECONDS)
    assert read_json(stage.state.processes)[name]["last_exit"] == KILLED
    wait_until_ready(stage.state)


def sound(stage: Stage, case: OneCase) -> list[Fault]:
    """The faults after everything came to rest."""
    wait_until_ready(stage.state)
    counted = figures.counted(stage)
    assert (counted.lost, counted.unfinished) == (0, 0)
    return faults_in(history_of(stage, effects=case.effects(), expected=case.expected()))


def test_one_case_goes_round_while_services_die_on_its_way(patient_stage: Stage) -> None:
    stage = patient_stage
    before = {name: armed(stage.state, name, failpoint) for failpoint, name in ONE_EACH}
    wait_until_ready(stage.state)
    case = OneCase(stage)
    case.goes_round()
    for name, number in before.items():
        died_there(stage, name, number)
    assert sound(stage, case) == []


def killing(stage: Stage, names: dict[str, str]) -> Callable[[str], None]:
    """Kill a server at a step and go on at once."""

    def at(step: str) -> None:
        if step in names:
            control.kill(stage.state, names[step])

    return at


def test_broker_and_database_are_killed_in_the_middle(patient_stage: Stage) -> None:
    stage = patient_stage
    case = OneCase(stage, killing(stage, {"referral": "kafka", "help": "postgres"}))
    before = {name: restarts(stage.state, name) for name in ("kafka", "postgres")}
    case.goes_round()
    assert all(restarts(stage.state, name) > number for name, number in before.items())
    control.wait_for(stage.state, lambda: not readiness.unready(stage.state))
    assert sound(stage, case) == []


def test_the_checker_finds_what_is_planted_in_the_tables(patient_stage: Stage) -> None:
    """An outbox row deleted by a trigger, and an effect that is there twice."""
    stage = patient_stage
    topology, databases = control.topology_of(stage.state), Databases(stage.state)
    gateway = topology.unit(f"{REDCROSS}.gateway")
    case = OneCase(stage, lambda step: _lose_last(databases, gateway) if step == "help" else None)
    try:
        case.goes_round()
        (at_redcross,) = case.cases(REDCROSS)
        stage.until("its last event", lambda: _last(databases, gateway, at_redcross) == LAST)
        databases.rows(
            topology.unit(f"{REDCROSS}.assistance"),
            "UPDATE episode SET total = total + 1 WHERE case_id::text = $1",
            at_redcross,
        )
        history = history_of(stage, effects=case.effects(), expected=case.expected())
        found = faults_in(history)
        assert Fault(DOUBLED, "effect visits") in found
        assert Fault(LOST, f"{INCOMING}: 1 not in the topic") in found
    finally:
        _heal(stage, case)


def _lose_last(databases: Databases, unit: Unit) -> None:
    """From now on the last event of a case falls out of the outbox before it is sent."""
    for statement in (
        "CREATE FUNCTION planted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " DELETE FROM outbox WHERE position = NEW.position; RETURN NULL; END $$",
        "CREATE TRIGGER planted AFTER INSERT ON outbox FOR EACH ROW"
        f" WHEN (NEW.topic = '{INCOMING}' AND NEW.sequence = {LAST}) EXECUTE FUNCTION planted()",
    ):
        databases.rows(unit, statement)


def _last(databases: Databases, unit: Unit, case_id: str) -> int:
    rows = databases.rows(
        unit,
        "SELECT last FROM outbox_counter WHERE subject = $1 AND topic = $2",
        case_id,
        INCOMING,
    )
    return int(rows[0]["last"]) if rows else 0


def _heal(stage: Stage, case: OneCase) -> None:
    """Forget the case's streams everywhere, so that the tests after this one count from nothing."""
    databases = Databases(stage.state)
    topology = control.topology_of(stage.state)
    unit = topology.unit(f"{REDCROSS}.gateway")
    databases.rows(unit, "DROP TRIGGER IF EXISTS planted ON outbox")
    databases.rows(unit, "DROP FUNCTION IF EXISTS planted()")
    for each in topology.units:
        for table in ("outbox_counter", "inbox_mark", "inbox_row"):
            databases.rows(
                each,
                f"DELETE FROM {table} WHERE subject = ANY($1)",  # noqa: S608 - names of ours
                case.cases(each.node),
            )
