"""Reading a request's body within a bound, before anything looks at it."""

from starlette.requests import Request

from services.chassis.errors import RecordTooLarge


async def bounded_body(request: Request, limit_bytes: int) -> bytes:
    """The whole body; RecordTooLarge as soon as it is longer than the limit."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > limit_bytes:
            raise RecordTooLarge("a request's body is longer than the limit")
    return bytes(body)
