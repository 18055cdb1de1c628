"""Which activities of others this node passes on: those that show by themselves who made them.

An edit or a deletion is passed on before it is acted on, a new status after: a process that dies in between does both
again, and each is done once. The deletion of what was passed on goes on without a proof as well; whoever gets it looks
where the status lived.
"""

from federation import integrity
from federation.activities import Activity, Create, Delete, Update
from federation.errors import FederationError
from federation.objects import Note, Notice, Ref, UnknownObject
from fedorg import log
from fedorg.activitypub import proofs
from fedorg.domain.jobs import HandleActivity, PassOnAnswer
from fedorg.errors import Forbidden
from fedorg.node import Node
from fedorg.services import forwarding
from fedorg.services.forwarding import Letter

logger = log.get_logger()


async def before(node: Node, job: HandleActivity, document: dict[str, object], activity: Activity) -> None:
    """Pass on an edit or a deletion of what went from here to others."""
    if not isinstance(activity, Update | Delete) or not await forwarding.was_passed_on(node, activity.object.id):
        return
    letter = _letter(job, activity)
    if isinstance(activity, Delete):
        _tell(activity, is_new=await forwarding.pass_on_deletion(node, letter))
    elif await _is_proven(node, job, document):
        _tell(activity, is_new=await forwarding.pass_on_edit(node, letter))


async def after(node: Node, job: HandleActivity, document: dict[str, object], activity: Activity) -> None:
    """Pass on a new status in a thread of this node, later where what it answers is not here yet."""
    if not isinstance(activity, Create) or not _may_answer(activity.object):
        return
    letter = _letter(job, activity)
    if await forwarding.is_of_interest(node, letter) and await _is_proven(node, job, document):
        _tell(activity, is_new=await forwarding.pass_on_new(node, letter))
    elif await forwarding.is_waiting(node, letter) and await _is_proven(node, job, document):
        await forwarding.pass_on_later(node, letter)


async def later(node: Node, job: PassOnAnswer) -> None:
    """Pass on a new status if the thread above it is here by now."""
    if await forwarding.pass_on_if_complete(node, job):
        logger.info("activity.passed_on", type=job.kind)


def _may_answer(about: Note | Notice | UnknownObject | Ref) -> bool:
    return isinstance(about, Ref) or (isinstance(about, Note) and about.in_reply_to is not None)


async def _is_proven(node: Node, job: HandleActivity, document: dict[str, object]) -> bool:
    if job.sender:
        # The door took it for its proof alone.
        return True
    if not integrity.has_proof(document):
        return False
    try:
        await proofs.prove(node, document)
    except (FederationError, Forbidden) as problem:
        logger.info("forward.unproven", reason=str(problem))
        return False
    return True


def _letter(job: HandleActivity, activity: Create | Update | Delete) -> Letter:
    about = activity.object
    named = [*activity.to, *activity.cc, *((*about.to, *about.cc) if isinstance(about, Note) else ())]
    return Letter(
        uri=activity.id,
        type=type(activity).__name__,
        actor=activity.actor,
        status_uri=about.id,
        addressees=frozenset(named),
        body=job.body,
    )


def _tell(activity: Activity, *, is_new: bool) -> None:
    if is_new:
        logger.info("activity.passed_on", type=type(activity).__name__)
