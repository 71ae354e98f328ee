"""What happens when a time comes: offers expire, holds end, a choice is due, somebody is told."""

from typing import cast
from uuid import UUID

from services.chassis.deadlines import Deadline
from services.chassis.messaging.work import Work
from services.referral.domain import noticing, providing, sending
from services.referral.domain.requests import Asking, Escalated, Need, NotFound, Request
from services.referral.domain.tasks import ProvidedTask, SentTask, Side, Task
from services.referral.handlers.carrying import carry_out
from services.referral.handlers.context import Context
from services.referral.handlers.escalating import tell_the_next
from services.referral.handlers.seeking import choose
from services.referral.store import requests, tasks


async def answer_overdue(context: Context, deadline: Deadline, work: Work) -> None:
    """Sender: nobody answered in time."""
    task = await _task(deadline, work, Side.SENDER)
    if task is not None:
        await carry_out(context, work, [sending.expired(cast(SentTask, task), work.now)])


async def offer_unseen(context: Context, deadline: Deadline, work: Work) -> None:
    """Either side: nobody at the provider opened an emergency in time."""
    task = await _task(deadline, work, _side(deadline))
    if task is not None:
        await carry_out(context, work, [noticing.unseen(task, work.now)])


async def start_overdue(context: Context, deadline: Deadline, work: Work) -> None:
    """Either side: help that was agreed to has not begun."""
    task = await _task(deadline, work, _side(deadline))
    if task is not None:
        await carry_out(context, work, [noticing.start_overdue(task, work.now)])


async def hold_overdue(context: Context, deadline: Deadline, work: Work) -> None:
    """Provider: nobody said in time whether there is a place."""
    task = await _task(deadline, work, Side.PROVIDER)
    if task is not None:
        step = providing.hold_overdue(cast(ProvidedTask, task), work.now)
        await carry_out(context, work, [step])


async def choice_due(context: Context, deadline: Deadline, work: Work) -> None:
    """All answered, or there is no time left to wait: choose, if that round still runs."""
    request, need = await _need(deadline, work)
    if request is None or need is None or not isinstance(need.state, Asking):
        return
    if need.round != deadline.detail["round"]:
        return
    offered = await choose(context, work, request, need)
    if offered is not None:
        await carry_out(context, work, [offered])


async def escalation_due(context: Context, deadline: Deadline, work: Work) -> None:
    """Nobody acted on a need without a provider: the next one is told."""
    request, need = await _need(deadline, work)
    if request is None or need is None or not isinstance(need.state, NotFound | Escalated):
        return
    await tell_the_next(context, work, request, need)


async def _need(deadline: Deadline, work: Work) -> tuple[Request | None, Need | None]:
    request_id = UUID(deadline.detail["request_id"])
    need_id = UUID(deadline.detail["need_id"])
    request = await requests.read_request(work.transaction, request_id)
    return request, await requests.lock_need(work.transaction, request_id, need_id)


async def _task(deadline: Deadline, work: Work, side: Side) -> Task | None:
    return await tasks.read_task(work.transaction, UUID(deadline.detail["task_id"]), side)


def _side(deadline: Deadline) -> Side:
    """A promise made before sides were written down is the sender's."""
    return Side(deadline.detail.get("side", Side.SENDER))
