"""What the embedded stack refuses with: one sentence that says what is wrong and what to do.

A failure here never carries a password, a token or a key, because it is printed as it is.
"""

from __future__ import annotations

import errno

DISK_IS_FULL = "The disk is full"


class StackFailure(Exception):  # noqa: N818 - the sentence is the message; "Error" adds nothing
    """The embedded stack cannot do what was asked; the text is a sentence for a person."""


class PortTaken(StackFailure):
    """Another program listens where one of our parts must listen."""


class PartMissing(StackFailure):
    """A program that the stack needs (Java, Maven) is not on this machine."""


class NotReady(StackFailure):
    """A part was started and did not become ready in time."""


class DiskFull(StackFailure):
    """The state folder cannot be written because no space is left."""


def as_sentence(error: OSError, *, doing: str) -> StackFailure:
    """Turn an operating system's refusal into a sentence that says what to do."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(
            f"{DISK_IS_FULL}: {doing} could not be written. Free some space, then run it again."
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return StackFailure(
            f"{doing} may not be written by this user. Choose another folder with --state."
        )
    return StackFailure(f"{doing} failed ({errno.errorcode.get(error.errno or 0, 'unknown')}).")
