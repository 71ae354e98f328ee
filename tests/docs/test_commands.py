"""Every command in the documents is run against a real stack, in order, as a reader would."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import control
from deploy.local.layout import StateFolder
from tests.docs import commands
from tests.docs.commands import ANY_FENCE, ROOT, Block, blocks, documents

DOCUMENTS = [str(path.relative_to(ROOT)) for path in documents()]
SHORT = [name for name in DOCUMENTS if any(not block.long for block in blocks(ROOT / name))]
LONG = [name for name in DOCUMENTS if any(block.long for block in blocks(ROOT / name))]
FENCES = {"", "sh", "text", "json", "python", "yaml", "csv"}


def run_and_compare(chosen: list[Block], state: StateFolder) -> None:
    told = commands.run(chosen, {"NRM_STATE": str(state.root)})
    for block in chosen:
        for expected in block.expects:
            assert expected in told[block.number], f"block {block.number} does not say {expected}"


@pytest.mark.parametrize("name", SHORT)
def test_the_commands_of_a_document_do_what_it_says(name: str, stack_state: StateFolder) -> None:
    run_and_compare([block for block in blocks(ROOT / name) if not block.long], stack_state)


@pytest.fixture
def own_state(tmp_path: Path) -> Iterator[StateFolder]:
    """A stack that the document itself starts and stops."""
    state = StateFolder(tmp_path / "state")
    yield state
    control.stop(state)


@pytest.mark.long
@pytest.mark.parametrize("name", LONG)
def test_a_document_works_from_nothing_with_all_its_commands(
    name: str, own_state: StateFolder
) -> None:
    chosen = blocks(ROOT / name)
    if any("kcat" in block.code for block in chosen) and shutil.which("kcat") is None:
        pytest.fail("kcat is missing: apt-get install kcat", pytrace=False)
    run_and_compare(chosen, own_state)


def test_no_document_hides_a_command_in_another_kind_of_fence() -> None:
    found = {
        (path.name, kind)
        for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
        for kind in ANY_FENCE.findall(path.read_text(encoding="utf-8"))
        if kind not in FENCES
    }
    assert found == set()


def test_a_block_that_says_something_else_is_noticed(stack_state: StateFolder) -> None:
    wrong = Block(number=1, code="echo one\n", long=False, expects=("two",))
    with pytest.raises(AssertionError, match="does not say two"):
        run_and_compare([wrong], stack_state)


def test_a_command_that_fails_is_noticed(stack_state: StateFolder) -> None:
    wrong = Block(number=1, code="false\n", long=False, expects=())
    with pytest.raises(AssertionError):
        run_and_compare([wrong], stack_state)
