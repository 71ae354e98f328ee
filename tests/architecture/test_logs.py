"""What is written to a log is said in the code: constant sentences, words that are constants."""

import ast
from collections.abc import Iterator
from pathlib import Path

SERVICES = Path(__file__).parents[2] / "services"
LEVELS = {"debug", "info", "warning", "error", "critical", "exception"}
WORDS_OF_OUR_OWN_OBJECTS = {
    "chassis/logs.py": "the name of a library's logger",
    "chassis/messaging/consumer.py": "one of two sentences of the same class",
    "chassis/runnable.py": "names of parts and of the runnable, from the code and the settings",
    "gateway/handlers/exchange/pairs.py": "the name of one of three steps",
    "referral/store/directory.py": "codes of the rules for directory records",
}
"""Where a word of our own is no constant on the spot, each with what it is."""


def calls() -> Iterator[tuple[str, ast.Call]]:
    for path in sorted(SERVICES.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield str(path.relative_to(SERVICES)), node


def is_log_call(call: ast.Call) -> bool:
    to = call.func
    return (
        isinstance(to, ast.Attribute)
        and to.attr in LEVELS
        and isinstance(to.value, ast.Name)
        and to.value.id == "log"
    )


def is_constant(given: ast.expr) -> bool:
    if isinstance(given, ast.IfExp):
        return is_constant(given.body) and is_constant(given.orelse)
    return isinstance(given, ast.Constant)


def test_every_sentence_of_a_log_is_a_constant() -> None:
    found = [(path, call) for path, call in calls() if is_log_call(call)]
    assert len(found) >= 20
    assert [(path, call.lineno) for path, call in found if not is_constant(call.args[0])] == []


def test_every_word_of_our_own_is_a_constant_or_told_here() -> None:
    made = {
        path
        for path, call in calls()
        if isinstance(call.func, ast.Name)
        and call.func.id == "Word"
        and not is_constant(call.args[0])
    }
    assert made == WORDS_OF_OUR_OWN_OBJECTS.keys()
