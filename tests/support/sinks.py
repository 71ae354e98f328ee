"""A mail server that keeps what it takes: enough SMTP for one client, on loopback."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class MailSink:
    """What was sent; ``refuses`` answers every mail with a temporary failure."""

    port: int = 0
    refuses: bool = False
    recipients: list[str] = field(default_factory=list)
    mails: list[str] = field(default_factory=list)

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client's session."""
        writer.write(b"220 sink\r\n")
        while line := (await reader.readline()).decode().strip():
            word = line.upper().partition(" ")[0]
            if word == "DATA":
                writer.write(b"354 go on\r\n")
                await writer.drain()
                self.mails.append((await reader.readuntil(b"\r\n.\r\n")).decode())
                writer.write(b"250 taken\r\n")
            elif word == "RCPT" and self.refuses:
                writer.write(b"451 not now\r\n")
            else:
                if word == "RCPT":
                    self.recipients.append(line)
                writer.write(b"221 bye\r\n" if word == "QUIT" else b"250 fine\r\n")
            await writer.drain()
        writer.close()


@asynccontextmanager
async def a_mail_sink() -> AsyncIterator[MailSink]:
    """A server that listens until the end."""
    sink = MailSink()
    server = await asyncio.start_server(sink.take, "127.0.0.1", 0)
    sink.port = server.sockets[0].getsockname()[1]
    try:
        yield sink
    finally:
        server.close()
