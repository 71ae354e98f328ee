"""Bearer tokens of the embedded stack, made once per state folder.

Services get only the digests (`<node>.json`); the tokens themselves are in `<node>/<caller>`, mode
0600, for the agency's scripts and the demo. They stand in until the trust issue brings OIDC.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from pathlib import Path

from deploy.local.layout import StateFolder
from deploy.local.processes import write_whole
from deploy.local.topology import Topology

TOKEN_BYTES = 32


def make_tokens(state: StateFolder, topology: Topology) -> None:
    """Make what is missing and write the digests that each node's services read."""
    for node in topology.file.nodes:
        (state.tokens / node).mkdir(mode=0o700, parents=True, exist_ok=True)
        digests = {}
        everybody = {caller: (caller,) for caller in topology.file.callers}
        for caller, roles in {**everybody, **topology.file.people}.items():
            path = token_path(state, node, caller)
            if not path.exists():
                write_whole(path, secrets.token_urlsafe(TOKEN_BYTES))
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            digests[digest] = {"name": f"{node}.{caller}", "roles": list(roles)}
        write_whole(digests_path(state, node), json.dumps(digests, indent=1))


def token_path(state: StateFolder, node: str, caller: str) -> Path:
    """Return where a caller's token is."""
    return state.tokens / node / caller


def digests_path(state: StateFolder, node: str) -> Path:
    """Return what a service of the node reads."""
    return state.tokens / f"{node}.json"


def read_token(state: StateFolder, node: str, caller: str) -> str:
    """Return a caller's token."""
    return token_path(state, node, caller).read_text()
