"""`broker-down.md` and `database-down.md`, followed: a server's files are gone, then back.

As those of a disk that is not mounted. With two brokers each is named by the name of its process.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.local import control
from deploy.local.layout import StateFolder, read_json
from deploy.local.runbooks import Runbook
from tests.support.runbooks import follow, must_name, sentence_of

GONE = [
    (Runbook.BROKER_DOWN, "kafka", "records"),
    (Runbook.BROKER_DOWN, "kafka-hub", "records"),
    (Runbook.DATABASE_DOWN, "postgres", "cluster"),
]


@contextmanager
def gone(state: StateFolder, server: str, there: Path) -> Iterator[Path]:
    """A killed server whose files are gone."""
    away = state.root / f"{there.name}.away"
    there.rename(away)
    control.kill(state, server)
    try:
        control.wait_for(state, lambda: "gone from" in read_json(state.processes)[server]["why"])
        yield away
    finally:
        if away.exists() and not there.exists():
            away.rename(there)


@pytest.mark.long
@pytest.mark.parametrize(("page", "server", "files"), GONE)
def test_a_server_whose_files_are_gone_is_named_and_mended_by_its_page(
    stack: StateFolder, page: Runbook, server: str, files: str
) -> None:
    there = stack.root / server / files
    with gone(stack, server, there) as away:
        assert not there.exists()  # nothing empty was made in its place
        must_name(stack, page)
        assert ("broker" if "kafka" in server else "database") in sentence_of(stack, page)
        assert ("kafka-hub" in sentence_of(stack, page)) is (server == "kafka-hub")
        said = follow(page, stack, **given(server, away))
    assert "is their disk mounted?" in " ".join(said.split())
    must_name(stack)


def given(server: str, away: Path) -> dict[str, str]:
    """What the operator found out, as the page calls it."""
    if server == "postgres":
        return {"FILES": str(away)}
    return {"BROKER": server, "RECORDS": str(away)}
