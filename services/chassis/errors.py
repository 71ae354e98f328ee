"""The errors of the house, drawn as a tree, and the one policy by which anything is tried again.

    NrmError
    ├── SettingsWrong              a variable is missing or wrong; the process does not start
    ├── InfrastructureFailure      nobody's fault here: wait, try again, never park
    │   ├── DatabaseUnavailable    no connection, time-out, server going down
    │   │   └── TransactionConflict  deadlock or serialization: the same work may be run again
    │   ├── BrokerUnavailable
    │   └── NotYetReady          something that this service must know is not known yet
    ├── StatementRefused           PostgreSQL refused a statement (a constraint, a type, a right)
    ├── ContractBroken             an event is not what its contract says
    │   ├── MalformedEvent
    │   ├── UnknownMajor
    │   └── RecordTooLarge
    ├── CannotOpen                 sealed bytes do not open (wrong key, context, or altered)
    ├── NotAllowed
    ├── NotFound
    ├── NoLongerKept               it was here, and was forgotten by age
    ├── Conflict
    └── Misuse                     our own code is wrong

A message may hold names of ours (variables, constraints, types, codes). It may never hold a
value that came from outside: no field of an event, no parameter of a statement, no text of
the driver.
"""
# ruff: noqa: N818 - a name says what is wrong, not that something is

from typing import Final

from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

CONFLICT_ATTEMPTS: Final = 8
CONFLICT_WAIT_LONGEST_SECONDS: Final = 1.0
BACKOFF_LONGEST_SECONDS: Final = 15.0


class NrmError(Exception):
    """Everything the house raises on purpose."""


class SettingsWrong(NrmError):
    """A setting is missing or wrong; says which, never its value."""


class InfrastructureFailure(NrmError):
    """Something below us is not there; the work is sound and is tried again."""


class DatabaseUnavailable(InfrastructureFailure):
    """PostgreSQL cannot be reached, is going down, or did not answer in time."""

    def __init__(self, sqlstate: str = "") -> None:
        super().__init__(f"the database is not available (code {sqlstate or 'none'})")
        self.sqlstate = sqlstate


class TransactionConflict(DatabaseUnavailable):
    """Two transactions stood in each other's way; rolled back whole, may be run again."""


class BrokerUnavailable(InfrastructureFailure):
    """A bus does not answer."""


class NotYetReady(InfrastructureFailure):
    """Something that must be known before this can be judged is not known yet."""


class StatementRefused(NrmError):
    """PostgreSQL refused a statement; only its code and the names of ours are kept."""

    def __init__(self, sqlstate: str, constraint: str = "", table: str = "") -> None:
        names = " ".join(name for name in (table, constraint) if name)
        super().__init__(f"the statement was refused (code {sqlstate}) {names}".rstrip())
        self.sqlstate = sqlstate
        self.constraint = constraint
        self.table = table

    @property
    def already_there(self) -> bool:
        """Whether a unique constraint refused the row."""
        return self.sqlstate == "23505"

    @property
    def does_not_fit(self) -> bool:
        """Whether a value itself was refused: of its form, or longer than an index takes."""
        return self.sqlstate == "argument" or self.sqlstate[:2] in ("22", "54")


class ContractBroken(NrmError):
    """An event is not what its contract says; the message holds codes and locations only."""


class MalformedEvent(ContractBroken):
    """Envelope or body cannot be read."""


class UnknownMajor(ContractBroken):
    """A major version that this reader has no model and no upcaster for."""


class RecordTooLarge(ContractBroken):
    """Larger than the bus takes; found before anything is handed to a producer."""


class CannotOpen(NrmError):
    """Sealed bytes do not open: wrong key, wrong context, or altered."""


class NotAllowed(NrmError):
    """The caller may not do this."""


class NotFound(NrmError):
    """There is no such thing, or none that the caller may know of."""


class NoLongerKept(NrmError):
    """What is asked for was forgotten by age; what came after ``upto`` is there."""

    def __init__(self, upto: int) -> None:
        super().__init__("what is asked for is no longer kept")
        self.upto = upto


class Conflict(NrmError):
    """The thing is not in a state in which this can be done."""


class Misuse(NrmError):
    """Our own code is called wrongly: a bug, never a refusal."""


def conflict_attempts() -> AsyncRetrying:
    """How often the same transaction is run again after a deadlock: a bounded number."""
    return AsyncRetrying(
        retry=retry_if_exception_type(TransactionConflict),
        stop=stop_after_attempt(CONFLICT_ATTEMPTS),
        wait=wait_random_exponential(multiplier=0.01, max=CONFLICT_WAIT_LONGEST_SECONDS),
        reraise=True,
    )


def backoff_seconds(failures: int, *, first: float = 0.1) -> float:
    """How long a loop waits after ``failures`` failures in a row: doubling, capped, for ever."""
    if failures < 1:
        return 0.0
    return float(min(BACKOFF_LONGEST_SECONDS, first * 2.0 ** min(failures - 1, 20)))
