"""``/health`` for load balancers and ``/metrics`` for Prometheus; the latter only for ``metrics_networks``."""

import ipaddress

from prometheus_client import CONTENT_TYPE_LATEST
from quart import Blueprint, Response, request

from fedorg import metrics
from fedorg.errors import NotFound
from fedorg.services import health
from fedorg.web.auth import public
from fedorg.web.base import client_address, json_answer, this_node
from fedorg.web.params import read_params
from fedorg.web.proxies import is_hidden

blueprint = Blueprint("operation", __name__)


@blueprint.get("/health")
@public
async def get_health() -> Response:
    """Whether this process answers and reaches its database. Spec: Mastodon API, methods/health."""
    await health.require_database(this_node())
    return json_answer({"status": "UP"})


@blueprint.get("/metrics")
@public
async def get_metrics() -> Response:
    """What this process counted, in Prometheus' text form; absent for addresses that may not read it.

    ``name[]`` asks for samples of that name alone, as Prometheus' own client libraries take it.
    """
    node = this_node()
    try:
        address = ipaddress.ip_address(client_address())
    except ValueError:
        raise NotFound("Not Found") from None
    # The proxy of a node often has an address of this machine, and asks for the whole world.
    if is_hidden(request.scope) or not any(address in network for network in node.settings.metrics_networks):
        raise NotFound("Not Found")
    names = (await read_params()).listed("name") or ()
    await health.queue_state(node)
    return Response(metrics.exposition(node.metrics, names), content_type=CONTENT_TYPE_LATEST)
