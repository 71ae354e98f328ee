"""A collector of spans for the tests: takes OTLP by HTTP on loopback and keeps the raw bytes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def spans(self) -> ExportTraceServiceRequest:
        """What it says."""
        told = ExportTraceServiceRequest()
        told.ParseFromString(self.body)
        return told


@dataclass(frozen=True, slots=True)
class SpanSink:
    """Where it listens, and what came."""

    address: str
    received: list[Received] = field(default_factory=list)


@contextmanager
def span_sink() -> Iterator[SpanSink]:
    """Listen on a free port until the end of the block."""
    received: list[Received] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            received.append(Received(self.path, dict(self.headers), body))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serving = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    serving.start()
    try:
        yield SpanSink(f"http://127.0.0.1:{server.server_address[1]}", received)
    finally:
        server.shutdown()
        server.server_close()
        serving.join(10)
