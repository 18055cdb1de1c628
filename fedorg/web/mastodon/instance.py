"""What a node says about itself: https://docs.joinmastodon.org/methods/instance/."""

from quart import Blueprint, Response

from fedorg.errors import NotFound
from fedorg.serializers.accounts import AccountEntity, account_entity
from fedorg.serializers.instance import instance_entity, v1_instance_entity, week_entity
from fedorg.services import instance
from fedorg.services.instance import InstanceFacts
from fedorg.text import escape
from fedorg.web.auth import public
from fedorg.web.base import json_answer, this_node

blueprint = Blueprint("instance", __name__)


@blueprint.get("/api/v2/instance")
@public
async def show_instance() -> Response:
    """The node, for clients of today."""
    node = this_node()
    facts = await instance.get_facts(node)
    return json_answer(instance_entity(node.settings, node.uris, facts.counts, _contact(facts)))


@blueprint.get("/api/v1/instance")
@public
async def show_instance_v1() -> Response:
    """The node, for clients of before Mastodon 4."""
    node = this_node()
    facts = await instance.get_facts(node)
    return json_answer(v1_instance_entity(node.settings, node.uris, facts.counts, _contact(facts)))


@blueprint.get("/api/v1/instance/rules")
@public
async def list_rules() -> Response:
    """Rules are the organisation's own, outside this server: none are kept here."""
    return json_answer([])


@blueprint.get("/api/v1/instance/peers")
@public
async def list_peers() -> Response:
    """Servers this node has met; told only by a node that federates with everybody."""
    return json_answer(await instance.list_peer_domains(this_node()))


@blueprint.get("/api/v1/instance/activity")
@public
async def list_activity() -> Response:
    """Twelve weeks in numbers."""
    return json_answer([week_entity(week) for week in await instance.list_weeks(this_node())])


@blueprint.get("/api/v1/instance/extended_description")
@public
async def show_extended_description() -> Response:
    """The description in the settings, as HTML."""
    description = this_node().settings.description
    return json_answer({"updated_at": None, "content": f"<p>{escape(description)}</p>" if description else ""})


@blueprint.get("/api/v1/instance/privacy_policy")
@blueprint.get("/api/v1/instance/terms_of_service")
@public
async def show_policy() -> Response:
    """No such text is kept here; Mastodon answers likewise when none was written."""
    raise NotFound


@blueprint.get("/api/v1/instance/translation_languages")
@public
async def list_translation_languages() -> Response:
    """Nothing is translated here."""
    return json_answer({})


@blueprint.get("/api/v1/custom_emojis")
@public
async def list_custom_emojis() -> Response:
    """This node has no emoji of its own."""
    return json_answer([])


def _contact(facts: InstanceFacts) -> AccountEntity | None:
    return None if facts.contact is None else account_entity(facts.contact, this_node().uris)
