"""What happens when a time comes: offers expire or are unseen, holds end, a choice is due."""

from typing import cast
from uuid import UUID

from services.chassis.deadlines import Deadline
from services.chassis.messaging.work import Work
from services.referral.domain import providing, sending
from services.referral.domain.requests import NeedState
from services.referral.domain.tasks import ProvidedTask, SentTask, Side
from services.referral.handlers.carrying import carry_out
from services.referral.handlers.context import Context
from services.referral.handlers.seeking import choose
from services.referral.store import requests, tasks


async def answer_overdue(context: Context, deadline: Deadline, work: Work) -> None:
    """Sender: nobody answered in time."""
    task = await tasks.read_task(work.transaction, _task_id(deadline), Side.SENDER)
    if task is not None:
        await carry_out(context, work, [sending.expired(cast(SentTask, task), work.now)])


async def offer_unseen(context: Context, deadline: Deadline, work: Work) -> None:
    """Sender: nobody at the provider opened an emergency in time."""
    task = await tasks.read_task(work.transaction, _task_id(deadline), Side.SENDER)
    if task is not None:
        await carry_out(context, work, [sending.unseen(cast(SentTask, task), work.now)])


async def hold_overdue(context: Context, deadline: Deadline, work: Work) -> None:
    """Provider: nobody said in time whether there is a place."""
    task = await tasks.read_task(work.transaction, _task_id(deadline), Side.PROVIDER)
    if task is not None:
        step = providing.hold_overdue(cast(ProvidedTask, task), work.now)
        await carry_out(context, work, [step])


async def choice_due(context: Context, deadline: Deadline, work: Work) -> None:
    """All answered, or there is no time left to wait: choose, if that round still runs."""
    request_id = UUID(deadline.detail["request_id"])
    need_id = UUID(deadline.detail["need_id"])
    request = await requests.read_request(work.transaction, request_id)
    need = await requests.lock_need(work.transaction, request_id, need_id)
    if request is None or need is None or need.state is not NeedState.ASKING:
        return
    if need.round != deadline.detail["round"]:
        return
    offered = await choose(context, work, request, need)
    if offered is not None:
        await carry_out(context, work, [offered])


def _task_id(deadline: Deadline) -> UUID:
    return UUID(deadline.detail["task_id"])
