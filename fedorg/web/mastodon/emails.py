"""``/api/v1/emails``. Spec: Mastodon API, methods/emails."""

from quart import Blueprint, Response

from fedorg.domain.oauth import Credentials
from fedorg.services import mailing
from fedorg.web import limits
from fedorg.web.auth import requires_login
from fedorg.web.base import json_answer, spend_together, this_node
from fedorg.web.params import read_params

blueprint = Blueprint("emails", __name__, url_prefix="/api/v1/emails")


@blueprint.post("/confirmations")
@requires_login
async def send_confirmation(credentials: Credentials) -> Response:
    """Send the letter again, to another address if one is given; limited by login and by address (S56)."""
    user = credentials.user
    assert user is not None, "requires_login"
    email = (await read_params()).text("email")
    await spend_together(limits.MAIL, f"user {user.id}")
    if email:
        await spend_together(limits.MAIL, limits.subject_of_name(email))
    await mailing.confirm_again(this_node(), user, email)
    return json_answer({})
