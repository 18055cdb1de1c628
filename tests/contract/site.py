"""A site of this machine with an article, for what a node shows of the pages that statuses point to."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

from tests.node.talking import picture

ARTICLE: Final = "/article"
_PAGE: Final = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Plain</title>
<meta property="og:title" content="Zeppelins today"><meta property="og:description" content="What flies">
<meta property="og:site_name" content="The Paper"><meta property="og:image" content="/picture.png">
<meta property="article:published_time" content="2026-03-01T10:00:00Z">
<meta name="fediverse:creator" content="{creator}">
</head><body><p>They fly.</p></body></html>"""


@asynccontextmanager
async def serving_article(creator: str) -> AsyncIterator[str]:
    """The address of a page that names ``creator``, a handle, as its author."""

    async def page(_request: web.Request) -> web.Response:
        return web.Response(text=_PAGE.format(creator=creator), content_type="text/html")

    async def image(_request: web.Request) -> web.Response:
        return web.Response(body=picture(size=(640, 480)), content_type="image/png")

    application = web.Application()
    application.router.add_get(ARTICLE, page)
    application.router.add_get("/picture.png", image)
    runner = web.AppRunner(application)
    await runner.setup()
    listener = web.TCPSite(runner, "127.0.0.1", 0)
    await listener.start()
    try:
        yield f"http://localhost:{runner.addresses[0][1]}{ARTICLE}"
    finally:
        await runner.cleanup()
