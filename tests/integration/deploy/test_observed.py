"""The real Zipkin behind the bridge: a span that a service would send is found there."""

import asyncio
import os
import secrets
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from deploy.local import control, ports
from deploy.local.control import Wish
from deploy.local.failures import StackFailure
from deploy.local.layout import StateFolder, write_json
from deploy.local.processes import Launch, ProcessIdentity, launch
from tests.support.waiting import until

ZIPKIN_SECONDS = 120.0
AT_ONCE = 1_000
ROOT = Path(__file__).parents[3]
RUN = """
import sys
from pathlib import Path
from deploy.local.layout import StateFolder
from deploy.observe import program
state, bridge, zipkin = sys.argv[1:]
program.run(StateFolder(Path(state)), bridge=int(bridge), zipkin=int(zipkin))
"""
"""What the supervisor forks; here threads of other tests may run, and a fork would copy them."""


@dataclass(frozen=True)
class Observer:
    """The running process and its addresses."""

    identity: ProcessIdentity
    ports: tuple[int, int]

    @property
    def bridge(self) -> str:
        """Where the bridge listens."""
        return f"http://{ports.LOOPBACK}:{self.ports[0]}"

    @property
    def zipkin(self) -> str:
        """Where Zipkin listens."""
        return f"http://{ports.LOOPBACK}:{self.ports[1]}"

    @property
    def zipkin_pid(self) -> int:
        """Zipkin is its only child."""
        pid = self.identity.pid
        return int(Path(f"/proc/{pid}/task/{pid}/children").read_text())


@pytest.fixture
def observer(tmp_path: Path) -> Iterator[Observer]:
    state = StateFolder(tmp_path)
    state.make()
    write_json(state.stack, {"ports": {}})
    bridge, zipkin = ports.free_ports(2)
    command = [sys.executable, "-c", RUN, str(tmp_path), str(bridge), str(zipkin)]
    with state.log_of("observe").open("ab") as log:
        process = launch(Launch(command, log, signal.SIGKILL, folder=ROOT))
    identity = ProcessIdentity.of(process.pid)
    assert identity is not None
    try:
        yield Observer(identity, (bridge, zipkin))
    finally:
        identity.end()
        process.wait()


@pytest.mark.long
async def test_a_span_that_is_sent_while_zipkin_starts_is_found_there(observer: Observer) -> None:
    provider = TracerProvider(
        resource=Resource({"service.namespace": "ngo-brest", "service.name": "referral"})
    )
    provider.add_span_processor(
        SimpleSpanProcessor(OTLPSpanExporter(endpoint=f"{observer.bridge}/v1/traces"))
    )
    async with httpx.AsyncClient(trust_env=False) as client:

        async def answers(address: str) -> bool:
            try:
                return (await client.get(address)).is_success
            except httpx.HTTPError:
                return False

        await until(lambda: answers(f"{observer.bridge}/"), seconds=ZIPKIN_SECONDS)
        with provider.get_tracer("t").start_as_current_span("request GET /v1/tasks") as span:
            trace_id = f"{span.get_span_context().trace_id:032x}"
        await until(lambda: answers(f"{observer.bridge}/health/ready"), seconds=ZIPKIN_SECONDS)
        await until(lambda: answers(f"{observer.zipkin}/api/v2/trace/{trace_id}"))
        (found,) = (await client.get(f"{observer.zipkin}/api/v2/trace/{trace_id}")).json()
    await asyncio.to_thread(provider.shutdown)
    assert found["localEndpoint"]["serviceName"] == "ngo-brest.referral"
    os.kill(observer.zipkin_pid, signal.SIGSTOP)  # as deaf as one whose memory is full
    assert observer.identity.send(signal.SIGKILL)
    await until(lambda: all(map(ports.is_free, observer.ports)), seconds=ZIPKIN_SECONDS)


async def zipkin_answers(observer: Observer, client: httpx.AsyncClient) -> bool:
    """Whether it answers now."""
    try:
        return (await client.get(f"{observer.zipkin}/health")).is_success
    except httpx.HTTPError:
        return False


def many_spans() -> list[dict[str, object]]:
    """As large as ours are."""
    tags = {
        f"messaging.of.kafka.{number}": f"nrm.local.{number}.commands.v1" for number in range(9)
    }
    made = {"name": "process", "timestamp": time.time_ns() // 1000, "duration": 1, "tags": tags}
    where = {"localEndpoint": {"serviceName": "ngo-brest.referral"}}
    return [
        {"traceId": secrets.token_hex(16), "id": secrets.token_hex(8), **made, **where}
        for _ in range(AT_ONCE)
    ]


@pytest.mark.long
async def test_more_spans_than_are_kept_do_not_silence_zipkin(observer: Observer) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        await until(lambda: zipkin_answers(observer, client), seconds=ZIPKIN_SECONDS)
        for _ in range(100_000 // AT_ONCE):
            told = await client.post(f"{observer.zipkin}/api/v2/spans", json=many_spans())
            assert told.status_code == 202
        assert await zipkin_answers(observer, client)


@pytest.mark.long
async def test_zipkin_is_nobody_elses_and_ends_before_the_observer_does(observer: Observer) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        await until(lambda: zipkin_answers(observer, client), seconds=ZIPKIN_SECONDS)
        elsewhere = {"origin": "http://elsewhere.example"}
        told = await client.get(f"{observer.zipkin}/api/v2/services", headers=elsewhere)
    assert told.status_code == 200
    assert "access-control-allow-origin" not in told.headers
    observer.identity.end()
    assert [ports.is_free(each) for each in observer.ports] == [True, True]


def test_only_a_demos_stack_is_observed(tmp_path: Path) -> None:
    with pytest.raises(StackFailure, match="--demo"):
        control.start(Wish(StateFolder(tmp_path), observe=True))
