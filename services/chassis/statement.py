"""Domain statements: SQLAlchemy Core constructs, turned into SQL text once, when they are built.

What runs is the text with positional arguments on asyncpg; no construct is compiled per call.
There is no expansion of ``IN`` (write ``column == any_(bindparam(..., type_=ARRAY(...)))``) and no
default that is a function: clock and ids are arguments. No value may ever be written into the text.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import ARRAY, BindParameter, DateTime, Text, Uuid
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.schema import ExecutableDDLElement
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from services.chassis.errors import Misuse

JOINED_LIMIT: Final = 100
"""So many combinations of statements are kept joined; more are joined anew each time."""
TIME: Final = DateTime(timezone=True)
TEXTS: Final = ARRAY(Text())
ID: Final = Uuid()
"""What every store's tables are made of, beside the plain types."""

_REQUIRED: Final = object()
_PLACEHOLDER: Final = re.compile(r"\$(\d+)")
_WITH: Final = "WITH "
_CHANGES: Final = (_WITH, "INSERT ", "UPDATE ", "DELETE ")


class Statement:
    """One SQL statement, compiled once; its named parameters become ``$1``, ``$2``, …

    ``columns`` limits a bare ``insert(table)`` or ``update(table)`` to these columns.
    """

    __slots__ = ("_defaults", "_names", "sql")

    sql: str

    def __init__(self, construct: ClauseElement, *, columns: Sequence[str] | None = None) -> None:
        if isinstance(construct, ExecutableDDLElement):
            raise Misuse("a statement is a query or a change of rows, not a definition")
        compiled = construct.compile(
            dialect=_dialect(), column_keys=list(columns) if columns is not None else None
        )
        if not isinstance(compiled, SQLCompiler):
            raise Misuse("a statement is a query or a change of rows")
        if compiled.post_compile_params or compiled.literal_execute_params:
            raise Misuse("IN is not expanded here: use = ANY with an array parameter")
        self.sql = str(compiled.string)
        names = tuple(compiled.positiontup or ())
        self._names = names
        given = compiled.params
        self._defaults = {name: _default(compiled, name, given) for name in names}

    @property
    def parameters(self) -> frozenset[str]:
        """The names that a call has to give."""
        return frozenset(name for name in self._names if self._defaults[name] is _REQUIRED)

    @property
    def width(self) -> int:
        """How many placeholders it has."""
        return len(self._names)

    def arguments(self, params: Mapping[str, Any]) -> list[Any]:
        """``params`` in the order of the placeholders."""
        defaults = self._defaults
        if params.keys() == defaults.keys():
            return [params[name] for name in self._names]
        if not params.keys() <= defaults.keys():
            unknown = ", ".join(sorted(params.keys() - defaults.keys()))
            raise Misuse(f"the statement has no parameter {unknown}")
        values = [params[name] if name in params else defaults[name] for name in self._names]
        if any(value is _REQUIRED for value in values):
            missing = ", ".join(sorted(self.parameters - params.keys()))
            raise Misuse(f"the statement lacks its parameter {missing}")
        return values


@lru_cache(maxsize=JOINED_LIMIT)
def joined(statements: tuple[Statement, ...]) -> str:
    """Changes of rows as one text, in one round trip: its arguments are theirs, in their order.

    They run side by side, so that none may read what another writes. Only one of them may begin
    with WITH: PostgreSQL takes changes of rows in it at the top only.
    """
    texts, given = [], 0
    for statement in statements:
        texts.append(_shifted(statement.sql.strip(), given))
        given += statement.width
    if not all(text.startswith(_CHANGES) for text in texts):
        raise Misuse("only changes of rows are joined: PostgreSQL would leave a question out")
    last = next((text for text in texts if text.startswith(_WITH)), texts[-1])
    texts.remove(last)
    if any(text.startswith(_WITH) for text in texts):
        raise Misuse("only one of the statements that are joined may begin with WITH")
    if not texts:
        return last
    others = ", ".join(f"also_{number} AS ({text})" for number, text in enumerate(texts))
    rest = f", {last.removeprefix(_WITH)}" if last.startswith(_WITH) else f" {last}"
    return f"{_WITH}{others}{rest}"


def _shifted(sql: str, by: int) -> str:
    """The text with its placeholders moved up; no text of ours holds a dollar sign otherwise."""
    return _PLACEHOLDER.sub(lambda found: f"${int(found[1]) + by}", sql) if by else sql


def _dialect() -> PGDialect_asyncpg:
    return PGDialect_asyncpg()  # type: ignore[no-untyped-call]


def _default(compiled: SQLCompiler, name: str, given: Mapping[str, Any]) -> Any:
    bind: BindParameter[Any] = compiled.binds[name]
    for column in compiled.insert_prefetch or compiled.update_prefetch or ():
        if column.key == name and column.default is not None:
            if not isinstance(column.default, ScalarElementColumnDefault):
                raise Misuse(f"column {name} has a default that is a function: give it a value")
            return column.default.arg
    return _REQUIRED if bind.required else given[name]
