"""What a person or a script sees of a stack: addresses, processes, readiness by part, versions.

Secrets are told by where they lie, never by what they are.
"""

from __future__ import annotations

import json
import platform
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from deploy.local import broker_admin, buses, control, logfiles, parts, postgres
from deploy.local.layout import StateFolder, read_json
from deploy.local.postgres import PostgresServer
from deploy.local.tokens import read_token

ASK_SECONDS = 3.0
OPERATOR = "operator"
ASK_AT_ONCE = 8
SENTENCE = "nrm: "
LIBRARIES = ("aiokafka", "asyncpg", "fastapi", "pydantic", "opendp")
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Never by the machine's proxy: it would be told an operator's token, and cannot reach loopback."""


@dataclass(frozen=True)
class Answer:
    """What one service says of itself."""

    ready: bool
    parts: dict[str, Any]


def ask_service(address: str, token: str = "") -> Answer:
    """Ask one service whether it is ready; by part with an operator's token. No answer is one."""
    asking = urllib.request.Request(  # noqa: S310 - the address is ours, on loopback
        f"{address}/health/ready", headers={"authorization": f"Bearer {token}"} if token else {}
    )
    try:
        with DIRECT.open(asking, timeout=ASK_SECONDS) as told:
            return Answer(ready=True, parts=_body(told.read()))
    except urllib.error.HTTPError as refusal:
        with refusal, suppress(ValueError):  # somebody else may listen there
            return Answer(ready=False, parts=_body(refusal.read()))
    except (OSError, ValueError):
        pass
    return Answer(ready=False, parts={})


def ask_all(state: StateFolder) -> dict[str, Answer]:
    """Ask every service at once."""
    where = dict(control.addresses(state))
    tokens = [_operators_token(state, name) for name in where]
    with ThreadPoolExecutor(ASK_AT_ONCE) as pool:
        return dict(zip(where, pool.map(ask_service, where.values(), tokens), strict=True))


def _operators_token(state: StateFolder, name: str) -> str:
    """The token of the operator of a service's node; nothing where there is none."""
    try:
        return read_token(state, name.partition(".")[0], OPERATOR)
    except OSError:
        return ""


def said_by(parts: dict[str, Any]) -> list[str]:
    """Return what the parts that are not ready say, by whichever name."""
    by_part = parts.get("parts", parts)
    states = by_part.values() if isinstance(by_part, dict) else ()
    return [
        str(each.get("detail", ""))
        for each in states
        if isinstance(each, dict) and each.get("ok") is False
    ]


def unready(state: StateFolder) -> list[str]:
    """Tell which processes are not ready; empty means that the stack is."""
    told = control.processes(state)
    where = dict(control.addresses(state))
    absent = [name for name, identity in told.items() if identity is None or not identity.alive()]
    absent += sorted(where.keys() - told.keys())
    if absent or not told:
        return absent or ["supervisor"]
    late = [name for name, answer in ask_all(state).items() if not answer.ready]
    return late or [name for name in told.keys() - where.keys() if not _server_answers(state, name)]


def is_late(state: StateFolder, name: str) -> bool:
    """Whether one process is not there or not ready."""
    identity = control.processes(state).get(name)
    if identity is None or not identity.alive():
        return True
    address = dict(control.addresses(state)).get(name)
    return not (ask_service(address).ready if address else _server_answers(state, name))


def status(state: StateFolder) -> dict[str, Any]:
    """Return everything that `nrm status --json` prints."""
    running = control.supervisor(state)
    stack = read_json(state.stack)
    entries = processes_told(state) if running else []
    ready = bool(entries) and all(entry["ready"] for entry in entries)
    return {
        "state": ("ready" if ready else "starting") if running else "stopped",
        "folder": str(state.root),
        "demo": stack.get("demo", False),
        "supervisor": running.pid if running else None,
        "kafka": {
            "bootstrap": stack.get("bootstrap"),
            "hub_bootstrap": stack.get("hub_bootstrap"),
            "log": str(state.broker(buses.BROKER) / "broker.log"),
        },
        "postgres": {
            "host": "127.0.0.1",
            "port": stack.get("database_port"),
            "credentials": str(state.credentials),
        },
        "nodes": stack.get("nodes", {}),
        "tokens": str(state.tokens),
        "clock": str(state.clock),
        "processes": entries,
        "versions": versions(),
    }


def versions() -> dict[str, str]:
    """Return the version of everything that takes part."""
    told = {
        "python": platform.python_version(),
        "kafka": parts.kafka_version(),
        "postgres": postgres.version(),
    }
    for library in LIBRARIES:
        try:
            told[library] = version(library)
        except PackageNotFoundError:
            told[library] = "missing"
    return told


def processes_told(state: StateFolder) -> list[dict[str, Any]]:
    """Return every process with its state, its address and its parts."""
    where, answers = dict(control.addresses(state)), ask_all(state)
    entries = []
    for name, told in read_json(state.processes).items():
        identity = told.pop("identity") or {}
        entry = {"name": name, "pid": identity.get("pid"), **told}
        if name in where:
            node, _, service = name.partition(".")
            answer = answers[name]
            entry |= {"node": node, "service": service, "address": where[name]}
            entry |= {
                "ready": answer.ready,
                "parts": answer.parts,
                "log": str(state.log_of(told["process"])),
            }
            entry["last_words"] = "" if identity else _last_words(state, told["process"])
        else:
            entry["ready"] = told["state"] == "running" and _server_answers(state, name)
            entry["last_words"] = "" if entry["ready"] else told.get("why", "")
            if name == control.OBSERVER and (at := control.observed_at(state)):
                entry |= {"address": at.numbers, "traces": at.traces}
            if desk := control.desks(state).get(name):
                entry |= {"address": desk}
        entries.append(entry)
    return entries


def _last_words(state: StateFolder, name: str) -> str:
    """Return the sentence with which a process ended, when it left one."""
    last = logfiles.last_lines(state.log_of(name), 1)
    return last[0].removeprefix(SENTENCE) if last and last[0].startswith(SENTENCE) else ""


def _server_answers(state: StateFolder, name: str) -> bool:
    if desk := control.desks(state).get(name):
        return ask_service(desk).ready
    if name == control.OBSERVER:
        at = control.observed_at(state)
        return at is not None and ask_service(at.numbers.rstrip("/")).ready
    if name == "postgres":
        return PostgresServer(state.postgres).answers()
    return broker_admin.answers(buses.address_of(state, name), seconds=2.0)


def _body(raw: bytes) -> dict[str, Any]:
    told = json.loads(raw)
    return told if isinstance(told, dict) else {}
