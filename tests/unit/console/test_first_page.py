"""What stands above the first page: what cannot wait first, nothing that is known to be done."""

from uuid import UUID

import pytest

from services.gateway.api.news import PieceShown
from tests.support.console_bench import HELPED, NOW, Bench, a_task
from tests.support.console_news import NEWS, a_gateway_with, a_page, a_piece, of_a_task
from tests.unit.console.test_news import LATE, label
from tests.unit.console.test_what_waits import EPISODES, ONE_TASK, STAYS, stays


def overdue(number: int) -> PieceShown:
    """A start that is late, of a task of its own."""
    return of_a_task("start-overdue", UUID(int=1000 + number, version=4), due_at=LATE)


def begun(bench: Bench, *numbers: int) -> None:
    """Help of these tasks began."""
    for number in numbers:
        task_id = UUID(int=1000 + number, version=4)
        began = a_task(task_id=task_id, state="in-progress")
        bench.node.shows[f"referral/v1/tasks/{task_id}"] = [began]


MAY_BE_MORE = "There may be more than stands here"


async def first_page(bench: Bench, *pieces: PieceShown, looks: int = 1000) -> str:
    """The first page of a nurse whose gateway has these pieces, the newest first."""
    bench.node.shows[NEWS] = a_gateway_with(*pieces, looks=looks)
    await bench.sign_in("nurse")
    await bench.send("/language", {"to": "en"})
    return (await bench.browser.get("/")).text


async def test_a_missing_child_stands_first_however_much_that_is_done_came_after(
    bench: Bench,
) -> None:
    child = a_piece("child-missing", cannot_wait=True)
    begun(bench, 0)
    text = await first_page(bench, *[overdue(0)] * 10, child)
    assert label("child-missing") in text
    assert label("start-overdue") not in text
    assert MAY_BE_MORE not in text
    text = await first_page(bench, *(overdue(n) for n in range(1, 9)), child)
    assert text.index(label("child-missing")) < text.index(label("start-overdue"))
    assert text.count(label("start-overdue")) == 4
    assert MAY_BE_MORE in text


async def test_what_is_done_is_left_out_before_anything_is_cut(bench: Bench) -> None:
    begun(bench, *range(60))
    text = await first_page(bench, *(overdue(n) for n in range(60)), of_a_task("stay-overdue"))
    assert label("start-overdue") not in text
    text = await first_page(
        bench, *(overdue(n) for n in range(60)), of_a_task("arrival-overdue", due_at=LATE)
    )
    assert label("arrival-overdue") in text
    assert MAY_BE_MORE not in text


async def test_the_first_page_says_when_it_did_not_look_through_everything(bench: Bench) -> None:
    begun(bench, *range(200))
    text = await first_page(bench, *(overdue(n) for n in range(200)))
    assert label("start-overdue") not in text
    assert MAY_BE_MORE in text
    assert 'href="/news?since=month&amp;only=waits"' in text


async def test_few_pieces_behind_many_of_others_are_looked_for(bench: Bench) -> None:
    others = [of_a_task("task-expired")] * 40
    late = of_a_task("arrival-overdue", due_at=LATE)
    text = await first_page(bench, *others, late, looks=20)
    assert label("arrival-overdue") in text
    mine = a_piece("consent-expired")
    bench.node.shows[NEWS] = a_gateway_with(*others, mine, looks=20)
    text = (await bench.browser.get("/news?only=waits")).text
    assert label("task-expired") in text
    bench.node.shows[NEWS] = a_gateway_with(*[a_piece("task-declined")] * 60, mine, looks=20)
    assert label("consent-expired") in (await bench.browser.get("/news?only=waits")).text


@pytest.mark.parametrize("far", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"])
async def test_no_page_falls_for_a_date_that_another_agency_told(bench: Bench, far: str) -> None:
    offer = {**a_task(), "answer_by": far, "seen_by": far}
    bench.node.shows |= {"referral/v1/tasks": [offer], ONE_TASK: [offer], STAYS: []}
    page = a_page(of_a_task("offer-received", due_at=NOW))
    page["news"][0]["due_at"] = far
    bench.node.shows[NEWS] = page
    await bench.sign_in("nurse")
    for path in ("/", "/news", "/offers", f"/offers/{HELPED}"):
        answer = await bench.browser.get(path)
        assert answer.status_code == 200, path


@pytest.mark.parametrize("far", ["0001-01-01T00:00", "9999-12-31T23:59"])
async def test_a_date_that_no_clock_holds_is_a_wrong_answer_and_no_fault(
    bench: Bench, far: str
) -> None:
    bench.node.shows |= {ONE_TASK: [a_task(task_id=HELPED)], EPISODES: stays()}
    await bench.sign_in("nurse")
    answer = await bench.send(f"/help/{HELPED}/departed", {"occurred_at": far})
    assert answer.status_code in (303, 422)
