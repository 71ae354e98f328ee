"""`python -m deploy.containers`: prepare and describe on the host, set-up in its container."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from deploy.containers import inside, prepare, running, set_up
from deploy.local.failures import StackFailure
from deploy.local.layout import StateFolder
from deploy.local.topology import read_topology


def main() -> int:
    """Do one of the three."""
    parser = argparse.ArgumentParser(prog="python -m deploy.containers")
    parser.add_argument("what", choices=("prepare", "describe", "set-up"))
    parser.add_argument("--state", type=Path, default=inside.STATE)
    parser.add_argument("--demo", action="store_true", help="with the demo's clock")
    parser.add_argument("--observe", action="store_true", help="send spans to the collectors")
    given = parser.parse_args()
    topology, state = read_topology(), StateFolder(given.state.absolute())
    try:
        if given.what == "prepare":
            prepare.prepare(state, topology, prepare.Wish(given.demo, given.observe))
        elif given.what == "describe":
            running.describe(state, topology, os.environ)
        else:
            set_up.set_up(topology, os.environ)
    except StackFailure as failure:
        print(f"nrm: {failure}", file=sys.stderr)  # noqa: T201 - for the person who started it
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
