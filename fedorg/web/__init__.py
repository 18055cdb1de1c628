"""Thin views: the only package that knows Quart. ``create_app`` is the only place that makes an application.

A view reads parameters, asks a service, hands the value to a serialiser. It writes no SQL and decides no rule.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from quart import Quart, Response
from quart.routing import QuartRule
from typing_extensions import override

from fedorg.errors import NotFound
from fedorg.node import Node
from fedorg.web import activitypub, base, files, mastodon, operation, organisation, site
from fedorg.web.activitypub import requests
from fedorg.web.activitypub.door import InboxDoor
from fedorg.web.bodies import request_class
from fedorg.web.proxies import ForwardedHeaders
from fedorg.web.site import sessions

_PACKAGE: Final = Path(__file__).parent
# Packed into the wheel beside the code; in a checkout the folder lies at the top.
_TEMPLATES: Final = (_PACKAGE.parent / "templates", _PACKAGE.parent.parent / "templates")
_STATIC_SECONDS: Final = 3600
_STATIC_NAME_BYTES_MAX: Final = 255


class _Route(QuartRule):
    """A route whose builder of addresses is compiled when somebody wants it: ``uris`` mints them all.

    To compile hundreds of builders costs a tenth of a start.
    """

    @override
    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compiled = super()._compile_builder

        def build(_route: object, **values: Any) -> tuple[str, str]:  # noqa: ANN401 - parts of an address
            return compiled(append_unknown)(self, **values)

        return build


class _Application(Quart):
    url_rule_class = _Route  # type: ignore[mutable-override] # Quart means it to be replaced

    @override
    async def send_static_file(self, filename: str) -> Response:
        """A file of the package; a name longer than any is not asked of the file system, which fails on it."""
        if len(os.fsencode(filename)) > _STATIC_NAME_BYTES_MAX:
            raise NotFound
        return await super().send_static_file(filename)


def create_app(node: Node) -> Quart:
    """The application of a node, ready to be served."""
    app = _Application(
        "fedorg",
        root_path=str(_PACKAGE),
        template_folder=str(next(folder for folder in _TEMPLATES if folder.is_dir())),
        static_folder=str(_PACKAGE / "static"),
        static_url_path="/static",
    )
    app.request_class = request_class(node.settings)
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = _STATIC_SECONDS
    # Streams stay open for hours; hypercorn's own limits end what hangs.
    app.config["RESPONSE_TIMEOUT"] = None
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    base.install(app, node, requests.claimed_by(node), sessions.signed_in)
    for blueprint in (
        *activitypub.BLUEPRINTS,
        *mastodon.BLUEPRINTS,
        *organisation.BLUEPRINTS,
        *site.BLUEPRINTS,
        files.blueprint,
        operation.blueprint,
    ):
        app.register_blueprint(blueprint)
    app.asgi_app = InboxDoor(app.asgi_app, node, base.limiter_of(app))  # type: ignore[method-assign] # as Quart documents middleware
    app.asgi_app = ForwardedHeaders(app.asgi_app, node.settings.trusted_proxies)  # type: ignore[method-assign] # as Quart documents middleware
    return app


def close_streams(app: Quart) -> None:
    """End every open stream of an application at once, so that a stopping server waits for none."""
    base.streams_of(app).stop()
