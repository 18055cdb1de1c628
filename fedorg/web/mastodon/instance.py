"""What a node says about itself: https://docs.joinmastodon.org/methods/instance/."""

from datetime import date

from quart import Blueprint, Response

from fedorg.domain.instance import InstanceFacts, InstanceText, TextKind
from fedorg.errors import NotFound
from fedorg.serializers.accounts import AccountEntity, account_entity
from fedorg.serializers.announcements import custom_emoji_entity
from fedorg.serializers.domain_blocks import domain_block_entity
from fedorg.serializers.instance import (
    instance_entity,
    rule_entity,
    terms_entity,
    text_entity,
    v1_instance_entity,
    week_entity,
)
from fedorg.services import custom_emojis, instance, instance_texts
from fedorg.text import escape, markdown_to_html
from fedorg.web.auth import Viewer, open_to_public, public
from fedorg.web.base import json_answer, this_node, written

blueprint = Blueprint("instance", __name__)


@blueprint.get("/api/v2/instance")
@public
async def show_instance() -> Response:
    """The node, for clients of today."""
    node = this_node()
    facts = await instance.get_facts(node)
    return json_answer(instance_entity(node.settings, node.uris, facts, _contact(facts)))


@blueprint.get("/api/v1/instance")
@public
async def show_instance_v1() -> Response:
    """The node, for clients of before Mastodon 4."""
    node = this_node()
    facts = await instance.get_facts(node)
    return json_answer(v1_instance_entity(node.settings, node.uris, facts, _contact(facts)))


@blueprint.get("/api/v1/instance/rules")
@public
async def list_rules() -> Response:
    """The rules that administrators wrote."""
    return json_answer([rule_entity(rule) for rule in await instance_texts.list_rules(this_node())])


@blueprint.get("/api/v1/instance/domain_blocks")
@open_to_public("read")
async def list_domain_blocks(viewer: Viewer | None) -> Response:
    """Servers this node shuts out or limits, for those to whom it tells."""
    found = await instance.list_domain_blocks(this_node(), is_member=viewer is not None)
    return json_answer(await written(map(domain_block_entity, found)))


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
    """The long description, else that in the settings, as HTML."""
    written = await instance_texts.find_text(this_node(), TextKind.EXTENDED_DESCRIPTION)
    if written is not None:
        return json_answer(text_entity(written, markdown_to_html(written.source)))
    description = this_node().settings.description
    return json_answer({"updated_at": None, "content": f"<p>{escape(description)}</p>" if description else ""})


@blueprint.get("/api/v1/instance/privacy_policy")
@public
async def show_privacy_policy() -> Response:
    """The privacy policy that administrators wrote."""
    written = await instance_texts.find_text(this_node(), TextKind.PRIVACY_POLICY)
    if written is None:
        raise NotFound
    return json_answer(text_entity(written, markdown_to_html(written.source)))


@blueprint.get("/api/v1/instance/terms_of_service")
@public
async def show_terms() -> Response:
    """The terms of service that hold today."""
    written = await instance_texts.find_text(this_node(), TextKind.TERMS_OF_SERVICE)
    if written is None:
        raise NotFound
    return _terms(written)


@blueprint.get("/api/v1/instance/terms_of_service/<day>")
@public
async def show_terms_of_day(day: str) -> Response:
    """The terms of service that hold from a day on."""
    try:
        effective_on = date.fromisoformat(day)
    except ValueError:
        raise NotFound from None
    return _terms(await instance_texts.get_terms(this_node(), effective_on))


@blueprint.get("/api/v1/instance/translation_languages")
@public
async def list_translation_languages() -> Response:
    """Nothing is translated here."""
    return json_answer({})


@blueprint.get("/api/v1/custom_emojis")
@public
async def list_custom_emojis() -> Response:
    """The emoji of this node."""
    node = this_node()
    found = await custom_emojis.list_emojis(node)
    return json_answer([custom_emoji_entity(emoji, node.uris) for emoji in found if emoji.disabled_at is None])


def _contact(facts: InstanceFacts) -> AccountEntity | None:
    return None if facts.contact is None else account_entity(facts.contact, this_node().uris)


def _terms(written: InstanceText) -> Response:
    return json_answer(terms_entity(written, markdown_to_html(written.source), this_node().now().date()))
