"""PostgreSQL: a few connections, transactions with hooks at commit, and errors without values.

SQL text is written in store rooms and in the chassis's own tables, never here for them. Nothing
that PostgreSQL or the driver says in words may leave this file: DETAIL and messages hold values.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, Self, TypeAlias, TypeVar

import asyncpg
import orjson
from pydantic import SecretStr

from services.chassis.connections import (
    Connection,
    Connections,
    ask_for_the_end,
    is_cancelled,
)
from services.chassis.environment import ServiceSettings
from services.chassis.errors import (
    DatabaseUnavailable,
    Misuse,
    NrmError,
    SettingsWrong,
    StatementRefused,
    TransactionConflict,
    conflict_attempts,
)
from services.chassis.failpoints import Failpoint, Failpoints
from services.chassis.statement import Statement, joined
from services.chassis.telemetry import Telemetry

CONNECT_SECONDS: Final = 10.0
LOCK_SECONDS: Final = 10
IDLE_IN_TRANSACTION_SECONDS: Final = 60
HOOKS_LIMIT: Final = 16
CHASSIS_MIGRATIONS: Final = Path(__file__).parent / "migrations" / "versions"
CHASSIS_VERSION_TABLE: Final = "chassis_revision"
SERVICE_VERSION_TABLE: Final = "service_revision"

DRIVER_ERRORS: Final = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)
_WORDY_ERRORS: Final = (asyncpg.PostgresError, asyncpg.InterfaceError)
_CONFLICTS: Final = frozenset({"40001", "40P01", "55P03"})
_GONE_CLASSES: Final = frozenset({"08", "53", "57", "58"})

Record: TypeAlias = Any
"""An asyncpg record: columns by name or number."""
Result = TypeVar("Result")
CommitHook = Callable[["Transaction"], Awaitable[None]]

__all__ = [
    "DRIVER_ERRORS",
    "Connection",
    "Database",
    "Record",
    "Statement",
    "Transaction",
    "check_revision",
    "connect",
    "translated",
]


def translated(error: BaseException) -> NrmError:
    """The error of ours that stands for a driver's error; holds codes and names of ours only.

    The driver's error itself is emptied of words, as Python may keep it as the context.
    """
    failure = _failure_of(error)
    if isinstance(error, _WORDY_ERRORS):
        error.args = (type(failure).__name__,)
        for wordy in ("message", "detail", "hint", "context", "query", "internal_query"):
            if getattr(error, wordy, None) is not None:
                setattr(error, wordy, None)
    return failure


def _failure_of(error: BaseException) -> NrmError:
    if isinstance(error, asyncpg.PostgresError):
        sqlstate = str(error.sqlstate or "")
        if sqlstate in _CONFLICTS:
            return TransactionConflict(sqlstate)
        if sqlstate[:2] in _GONE_CLASSES:
            return DatabaseUnavailable(sqlstate)
        names = (getattr(error, "constraint_name", None), getattr(error, "table_name", None))
        return StatementRefused(sqlstate, names[0] or "", names[1] or "")
    if isinstance(error, asyncpg.DataError | ValueError):
        return StatementRefused("argument")
    return DatabaseUnavailable()


class Transaction:
    """One transaction: statements, notes for whoever shares it, and hooks at its end."""

    __slots__ = ("_after", "_before", "_last", "connection", "failpoints", "notes", "statements")

    def __init__(
        self, connection: Connection, notes: Mapping[str, Any], failpoints: Failpoints
    ) -> None:
        self.connection = connection
        self.failpoints = failpoints
        self.notes: dict[str, Any] = dict(notes)
        self.statements = 0
        self._before: dict[str, CommitHook] = {}
        self._last: list[tuple[Statement, Mapping[str, Any]]] = []
        self._after: dict[str, Callable[[], None]] = {}

    async def fetch(self, statement: Statement, /, **params: Any) -> list[Record]:
        """All rows."""
        rows: list[Record] = await self._ask(self.connection.fetch, statement, params)
        return rows

    async def fetch_one(self, statement: Statement, /, **params: Any) -> Record | None:
        """The first row, or nothing."""
        return await self._ask(self.connection.fetchrow, statement, params)

    async def execute(self, statement: Statement, /, **params: Any) -> int:
        """How many rows were changed."""
        tag: str = await self._ask(self.connection.execute, statement, params)
        count = tag.rpartition(" ")[2]
        return int(count) if count.isdigit() else 0

    async def execute_many(self, statement: Statement, rows: Iterable[Mapping[str, Any]]) -> None:
        """The same statement for every row, in one round trip."""
        arguments = [statement.arguments(row) for row in rows]
        if not arguments:
            return
        self.statements += 1
        try:
            await self.connection.executemany(statement.sql, arguments)
        except DRIVER_ERRORS as error:
            failure = translated(error)
        else:
            return
        raise failure

    async def _ask(
        self,
        call: Callable[..., Awaitable[Any]],
        statement: Statement,
        params: Mapping[str, Any],
    ) -> Any:
        return await self._run(call, statement.sql, statement.arguments(params))

    async def _run(
        self, call: Callable[..., Awaitable[Any]], sql: str, arguments: Sequence[Any]
    ) -> Any:
        self.statements += 1
        try:
            return await call(sql, *arguments)
        except DRIVER_ERRORS as error:
            failure = translated(error)
        raise failure

    def before_commit(self, key: str, hook: CommitHook) -> None:
        """Run ``hook(transaction)`` at the end, inside: each key once, in order of registration."""
        self._before.setdefault(key, hook)

    def write_last(self, statement: Statement, /, **params: Any) -> None:
        """Change rows after all hooks, in one statement with whatever else is written last.

        For rows that nothing in this transaction reads: it is one round trip for all of them, and
        what they lock is locked for the shortest time.
        """
        self._last.append((statement, params))

    def after_commit(self, key: str, hook: Callable[[], None]) -> None:
        """Call ``hook()`` once the commit is certain (a wake-up): each key once; must not fail."""
        self._after.setdefault(key, hook)

    async def _flush(self) -> None:
        done: set[str] = set()
        while pending := [key for key in self._before if key not in done]:
            if len(self._before) > HOOKS_LIMIT:
                raise Misuse("too many hooks before one commit")
            done.add(pending[0])
            await self._before[pending[0]](self)
        if self._last:
            sql = joined(tuple(statement for statement, _params in self._last))
            given = [statement.arguments(params) for statement, params in self._last]
            await self._run(self.connection.execute, sql, [one for each in given for one in each])
            self.failpoints.reach(Failpoint.OUTBOX_BEFORE_COMMIT)

    def _committed(self) -> None:
        for hook in self._after.values():
            hook()


class Database:
    """The connections of one service on its own schema."""

    def __init__(self, connections: Connections, schema: str, epoch: int) -> None:
        self._connections = connections
        self.schema = schema
        self.epoch = epoch
        """The number that a restore raises; part of every stream's name."""
        self.statements = 0
        """Statements run in transactions so far: performance is gated on it."""
        self.notes: dict[str, Any] = {}
        """What the notes of every transaction begin with: set while building, never later."""
        self.failpoints = Failpoints()
        """Where this process was told to die: for whoever writes here. Set while building."""
        self._connect: Callable[[], Awaitable[Connection]] | None = None

    @classmethod
    async def open(
        cls,
        settings: ServiceSettings,
        telemetry: Telemetry | None = None,
        *,
        migrations: Path | None = None,
    ) -> Self:
        """Connect, and refuse a schema that is not what this code was written for.

        ``migrations`` is the service's own branch (its ``migrations/`` folder), if it has one.
        """
        url, schema = settings.database_url, settings.database_schema
        seconds = settings.database_seconds

        async def connected() -> Connection:
            return await _connected(url, schema, seconds)

        connections = Connections(connected, settings.database_connections, CONNECT_SECONDS)
        failure: NrmError | None = None
        try:
            first = await connections.take()
        except DRIVER_ERRORS as error:
            failure = translated(error)
        if failure is not None:
            raise failure
        try:
            epoch = await check_revision(first, schema, migrations)
        except BaseException:
            first.terminate()
            raise
        connections.give_back(first)
        database = cls(connections, schema, epoch)
        database._connect = lambda: connect(url, schema, seconds)
        if telemetry is not None:
            telemetry.gauge("database_statements").set_function(lambda: database.statements)
        return database

    async def connect(self) -> Connection:
        """A connection of one's own (advisory lock, LISTEN); the caller closes it."""
        if self._connect is None:
            raise Misuse("this database was not opened from settings")
        return await self._connect()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """One transaction, committed at the end of the block, rolled back by any exception."""
        failure: NrmError | None = None
        ours = True
        try:
            connection = await self._connections.take()
            transaction = Transaction(connection, self.notes, self.failpoints)
            whole = False
            try:
                block = connection.transaction()
                await block.start()
                try:
                    ours = False
                    yield transaction
                    await transaction._flush()
                    ours = True
                except BaseException:
                    await block.rollback()
                    whole = True
                    raise
                await block.commit()
                whole = ask_for_the_end(connection)
            finally:
                self._connections.give_back(connection, whole=whole)
                self.statements += transaction.statements
            transaction._committed()
        except asyncio.CancelledError:
            if is_cancelled():
                raise
            failure = DatabaseUnavailable()
        except DRIVER_ERRORS as error:
            if not ours and isinstance(error, OSError | TimeoutError):
                raise
            failure = translated(error)
        if failure is not None:
            raise failure from None

    async def run(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        """``work`` in a transaction of its own, again after a deadlock, a bounded number of times.

        ``work`` must have no effect outside the transaction.
        """
        async for attempt in conflict_attempts():
            with attempt:
                async with self.transaction() as transaction:
                    result = await work(transaction)
        return result

    async def alive(self) -> bool:
        """Whether PostgreSQL answers now."""
        try:
            connection = await self._connections.take()
            whole = False
            try:
                await connection.fetchval("SELECT 1", timeout=CONNECT_SECONDS)
                whole = True
            finally:
                self._connections.give_back(connection, whole=whole)
        except DRIVER_ERRORS:
            return False
        return True

    async def close(self) -> None:
        """Give all connections back; those still in use after a while are cut."""
        await self._connections.close(CONNECT_SECONDS)


async def connect(url: SecretStr, schema: str, seconds: float = 30.0) -> Connection:
    """One connection of the caller's own, on ``schema``."""
    try:
        return await _connected(url, schema, seconds)
    except DRIVER_ERRORS as error:
        failure = translated(error)
    raise failure


async def _connected(url: SecretStr, schema: str, seconds: float) -> Connection:
    connection = await asyncpg.connect(**_connect_arguments(url, schema, seconds))
    try:
        await _prepare(connection)
    except BaseException:
        connection.terminate()
        raise
    return connection


def _connect_arguments(url: SecretStr, schema: str, seconds: float) -> dict[str, Any]:
    return {
        "dsn": url.get_secret_value().replace("postgresql+asyncpg://", "postgresql://", 1),
        "timeout": CONNECT_SECONDS,
        "command_timeout": seconds,
        "server_settings": {
            "search_path": schema,
            "timezone": "UTC",
            "application_name": schema,
            "lock_timeout": f"{LOCK_SECONDS}s",
            "idle_in_transaction_session_timeout": f"{IDLE_IN_TRANSACTION_SECONDS}s",
        },
    }


async def _prepare(connection: Connection) -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: b"\x01" + orjson.dumps(value),
        decoder=lambda value: orjson.loads(value[1:]),
        format="binary",
    )


def newest_revision(migrations: Path) -> str:
    """The revision that a folder of migrations leads to: the number its last file begins with."""
    numbers = sorted(path.name[:4] for path in migrations.glob("[0-9][0-9][0-9][0-9]_*.py"))
    if not numbers:
        raise Misuse(f"there is no migration in {migrations.parent.name}/{migrations.name}")
    return numbers[-1]


async def check_revision(connection: Connection, schema: str, migrations: Path | None) -> int:
    """The epoch of the schema; SettingsWrong when its revisions are not those of this code."""
    wanted = {CHASSIS_VERSION_TABLE: newest_revision(CHASSIS_MIGRATIONS)}
    if migrations is not None:
        wanted[SERVICE_VERSION_TABLE] = newest_revision(migrations)
    columns = ", ".join(f"(SELECT max(version_num) FROM {table})" for table in wanted)  # noqa: S608
    found: list[Any] = [None, *[None for _ in wanted]]
    try:
        found = list(await connection.fetchrow(f"SELECT (SELECT epoch FROM instance), {columns}"))  # noqa: S608
    except DRIVER_ERRORS as error:
        failure = translated(error)
        if isinstance(failure, DatabaseUnavailable):
            raise failure from None
    if found[0] is None or found[1:] != list(wanted.values()):
        raise SettingsWrong(
            f"the tables in schema {schema} are not those of this version; run: nrm migrate"
        )
    return int(found[0])
