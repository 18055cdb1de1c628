"""What nodes inside one test process make once and share, though each of them would make its own.

They are opened by the thousand and live for half a second, most of which went into what is the same for all. Nodes and
commands in processes of their own share nothing.
"""

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

import pytest
from argon2 import PasswordHasher
from quart import Blueprint, Quart
from sqlalchemy import Engine
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache

from federation.keys import load_private
from fedorg import web
from fedorg.activitypub import keyring
from fedorg.services import credentials, keypairs

_PAIRS: Final = 6
_STATEMENTS: Final = 4000
_HOOKS: Final = (
    "before_request_funcs",
    "before_websocket_funcs",
    "after_request_funcs",
    "after_websocket_funcs",
    "teardown_request_funcs",
    "teardown_websocket_funcs",
    "template_context_processors",
)


@contextmanager
def sharing() -> Iterator[None]:
    """Share all of it until the block ends."""
    with pytest.MonkeyPatch.context() as patch:
        for share in (_keys, _passwords, _routes, _statements, _absence):
            share(patch)
        yield


def _keys(patch: pytest.MonkeyPatch) -> None:
    """Accounts draw their keys from a few real pairs in turn, read once: making and checking RSA keys costs most."""
    generate = keypairs._generate
    pool: list[tuple[keypairs.KeyPair, ...]] = []

    def draw() -> tuple[keypairs.KeyPair, ...]:
        pool.append(generate() if len(pool) < _PAIRS else pool.pop(0))
        return pool[-1]

    patch.setattr(keypairs, "_generate", draw)
    patch.setattr(keyring, "load_private", cache(load_private))


def _passwords(patch: pytest.MonkeyPatch) -> None:
    """Hashes of passwords are real, and as cheap as they can be."""
    patch.setattr(credentials, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def _routes(patch: pytest.MonkeyPatch) -> None:
    """Applications have the same routes, views and hooks, and each finds its node when it is asked something."""
    first: dict[str, Quart] = {}
    register = web._Application.register_blueprint

    def adopt(app: Quart, blueprint: Blueprint) -> None:
        model = first.setdefault(blueprint.name, app)
        if model is app:
            register(app, blueprint)
        elif app.url_map is not model.url_map:
            for name in ("url_map", "blueprints", "error_handler_spec", *_HOOKS):
                setattr(app, name, getattr(model, name))
            app.view_functions = model.view_functions | app.view_functions

    patch.setattr(web._Application, "register_blueprint", adopt)


def _statements(patch: pytest.MonkeyPatch) -> None:
    """Engines for servers of the same kind and version share what statements were compiled to."""
    compiled: LRUCache[Any, Any] = LRUCache(_STATEMENTS)
    make = Engine.__init__

    # ``create_engine`` asks for the parameters by their names and places.
    def make_sharing(
        engine: Engine,
        pool: Any,  # noqa: ANN401 - likewise
        dialect: Any,  # noqa: ANN401 - likewise
        url: Any,  # noqa: ANN401 - likewise
        logging_name: str | None = None,
        echo: Any = None,  # noqa: ANN401 - likewise
        query_cache_size: int = 500,
        execution_options: Any = None,  # noqa: ANN401 - likewise
        hide_parameters: bool = False,  # noqa: FBT001, FBT002 - likewise
    ) -> None:
        make(engine, pool, dialect, url, logging_name, echo, query_cache_size, execution_options, hide_parameters)
        engine._compiled_cache = compiled

    def kind(dialect: DefaultDialect) -> tuple[object, ...]:
        return (type(dialect), dialect.server_version_info, dialect.paramstyle, dialect.default_schema_name)

    def is_alike(dialect: DefaultDialect, other: object) -> bool:
        return isinstance(other, DefaultDialect) and kind(dialect) == kind(other)

    patch.setattr(Engine, "__init__", make_sharing)
    patch.setattr(DefaultDialect, "__eq__", is_alike)
    patch.setattr(DefaultDialect, "__hash__", lambda dialect: hash(type(dialect)))


def _absence(patch: pytest.MonkeyPatch) -> None:
    """That sniffio is not installed is found once; clients looked for it several times with each request."""
    if importlib.util.find_spec("sniffio") is None:
        patch.setitem(sys.modules, "sniffio", None)
