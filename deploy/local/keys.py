"""One key file per node, readable by its owner only (mode 0600).

A key is never replaced here: what was sealed with it could not be opened any more. Nor is one made
for a node that had one: a new file where the old one belongs would go into the next backup, over
the only copy that opens anything.
"""

from __future__ import annotations

from pathlib import Path

from deploy.local.failures import StackFailure
from deploy.local.layout import REPOSITORY, StateFolder, read_json
from deploy.local.postgres import PostgresServer
from deploy.local.runbooks import Runbook, path_of
from deploy.local.tokens import digests_path
from deploy.local.topology import Topology
from services.chassis.cipher import KeyRing


def make_keys(state: StateFolder, topology: Topology) -> None:
    """Make the key files of new nodes; StackFailure, and none is made, where one is gone.

    Called before the tokens are made and before the stack is described: both tell later that a
    node had its key.
    """
    missing = [node for node in topology.file.nodes if not key_path(state, node).exists()]
    if gone := had_keys(state, topology) & set(missing):
        raise StackFailure(
            f"The key files of {', '.join(sorted(gone))} are gone from {state.keys}: is their disk"
            " mounted? Put them back; new ones would open nothing that is sealed, so none are made:"
            f" {path_of(Runbook.KEY_WILL_NOT_OPEN).relative_to(REPOSITORY)}."
        )
    for node in missing:
        KeyRing.create(key_path(state, node))


def had_keys(state: StateFolder, topology: Topology) -> set[str]:
    """The nodes that were set up here before, and so may have sealed something.

    By what was made after the keys; where all of that is gone and a database is not, every node.
    """
    nodes = set(topology.file.nodes)
    told = nodes & set(read_json(state.stack).get("nodes", {}))
    told |= {node for node in nodes if digests_path(state, node).exists()}
    return told or (nodes if PostgresServer(state.postgres).was_made() else set())


def key_path(state: StateFolder, node: str) -> Path:
    """Return the key file of a node."""
    return state.keys / f"{node}.key"
