"""What the reference pages say of a thing; a thing of which nothing is said stops the generator."""

from __future__ import annotations

from services.chassis.errors import NrmError


class Undescribed(NrmError):  # noqa: N818 - as the errors of the chassis are named
    """Something that a reader is to find in the reference has no description."""


def described(words: str | None, what: str, where: str) -> str:
    """Return the words, or refuse to write a page with an empty place."""
    if not words or not words.strip():
        raise Undescribed(f"{what} has no description: give it {where}")
    return words
