"""Domain statements: SQLAlchemy Core constructs, turned into SQL text once, when they are built.

What runs is the text with positional arguments on asyncpg; no construct is compiled per call.
There is no expansion of ``IN`` (write ``column == any_(bindparam(..., type_=ARRAY(...)))``) and no
default that is a function: clock and ids are arguments. No value may ever be written into the text.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import BindParameter
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.schema import ExecutableDDLElement
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from services.chassis.errors import Misuse

_REQUIRED: Final = object()


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
