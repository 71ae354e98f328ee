"""Free ports on loopback, chosen where the kernel does not hand out ports by itself.

A port out of the ephemeral range could be taken by any outgoing connection while a part restarts.
"""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterable
from pathlib import Path

from deploy.local.failures import StackFailure

LOOPBACK = "127.0.0.1"
RANGE_FILE = Path("/proc/sys/net/ipv4/ip_local_port_range")
SPAN = 15_000  # ports below the ephemeral range that we choose from
ATTEMPTS = 200


def is_free(port: int) -> bool:
    """Whether something could listen on this port of loopback now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def free_ports(count: int, *, avoid: Iterable[int] = ()) -> list[int]:
    """Choose so many different free ports."""
    lowest, highest = _choice()
    taken, chosen = set(avoid), list[int]()
    for _ in range(ATTEMPTS + count):
        if len(chosen) == count:
            return chosen
        port = lowest + secrets.randbelow(highest - lowest)
        if port not in taken and is_free(port):
            taken.add(port)
            chosen.append(port)
    raise StackFailure(
        f"No {count} free ports were found on {LOOPBACK} between {lowest} and {highest}: "
        "stop some of the programs that listen there."
    )


def keep_or_choose(wanted: int | None, *, avoid: Iterable[int] = ()) -> int:
    """Return the wanted port when it is free, another one otherwise."""
    if wanted is not None and is_free(wanted):
        return wanted
    return free_ports(1, avoid=avoid)[0]


def _choice() -> tuple[int, int]:
    try:
        highest = int(RANGE_FILE.read_text().split()[0])
    except (FileNotFoundError, ValueError, IndexError):
        highest = 2**15
    return max(1025, highest - SPAN), highest
