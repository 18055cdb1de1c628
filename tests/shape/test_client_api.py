"""Every route of the client API says who may call it, and docs/client-api.md lists exactly what there is.

``python -m tests.shape.test_client_api`` writes the page anew.
"""

from pathlib import Path
from typing import Final

from quart import Quart

from fedorg.web import base, mastodon, operation, organisation
from fedorg.web.auth import ACCESS

PAGE: Final = Path(__file__).parent.parent.parent / "docs" / "client-api.md"
_HEADER: Final = """# The client API

What this node offers of the [Mastodon API](https://docs.joinmastodon.org/methods/), method by method; whatever is not
in this list answers 404. First the differences from Mastodon, then the [list of methods](#methods).

## Differences from Mastodon

### Reach

A Status carries `reach` and `local_only` (its reach is `node`). `POST /api/v1/statuses` takes

- `reach`: `node`, `organisation`, `partners` or `public`;
- `visibility=local` or `local_only=true`, which both mean reach `node`;
- `partners[]=acme.example`, with reach `partners`: the partners the status is for. An empty `partners[]` means all.

Without them a status takes the reach of what it answers or quotes, else the member's default (`source[reach]` and
`source[partners][]` of `PATCH update_credentials`; `posting:default:reach` and `posting:default:partners` of the
preferences). It never goes further than the node lets it. What answers, boosts or quotes a status for some partners is
for the same ones or fewer. Members of this node see whom a status is for in `partners` of the Status; nobody else does.

Refused with 422: an edit that asks for another reach, a domain that is no partner, `partners[]` beside another
reach than `partners`, and naming partners in the limited thread of another server.

`configuration.statuses` of the instance says how far a status can go here (`reaches`), and how far one goes that does
not say (`default_reach`).

`reach` narrows the public and hashtag timelines to what goes exactly that far, and `reach:organisation` a search. The
timeline of the organisation is `GET /api/v1/timelines/public?reach=organisation`. Streams have `public:node`,
`public:organisation` and `public:partners` (`/api/v1/streaming/public/organisation`, …).

### Other members of entities

- A Status carries `reactions`: what accounts elsewhere reacted with, each in the form of Mastodon's Reaction. A custom
  emoji is named `shortcode@domain` and pictured at its own server. A reaction sent as a favourite counts as both.
- An Announcement carries `dismissals`, `needs_acknowledgement`, `acknowledged`, `acknowledgements` and `peer` (the node
  of the organisation it is from). Clients dismiss what they have shown; one that asks to be acknowledged stays until
  its reader says so, by a reaction with ✅, on its page, or by the method below.
- Under `/api/fedorg/v1`, a Person has `account` (Mastodon's Account), `department`, `job_title` and `expertise`
  (hashtags of the profile). An Expert has also `stated`, `described`, `statuses_count` and `status_ids`: why this is
  thought. Members and people of the organisation's other nodes are found once they are `discoverable`.

### Other behaviour

- An edit without `poll`, `media_ids` or `spoiler_text` removes the poll, the files or the warning, as in Mastodon.
- A quote travels no further than what it quotes. A quote of a private status is for the quoted author too, who is
  mentioned in it. A boost is no quote target (422). Whoever blocks the quoted author sees `blocked_account` and no
  status in the quote.
- What the author of a remote status does not want (its policy for replies, favourites, boosts and quotes) is refused
  with 403.
- A preview card (`card`) is of type `link` or `photo`, and its `html` is empty: what another site would have run in a
  client is left out. Looking at a page tells its site that this node looked, and nothing else. Links in private and
  direct statuses are never looked at.
- Private mentions notify at once unless `for_private_mentions` says otherwise; Mastodon filters those of strangers from
  the beginning. A node's strangers are mostly colleagues.

## Methods

*Access* is the scope a token needs. `public` before it means that the method also answers without a token, with what
everybody may see. A role behind it (`moderator`, `admin`) is the least that the user needs beside the scope; owners
stand above administrators.

| Method | Path | Access | What it does |
|---|---|---|---|
"""


def routes() -> list[tuple[str, str, str, str]]:
    """(method, path, access, first line of the docstring) of every route, by path."""
    app = Quart(__name__)
    app.url_map.converters["id"] = base.IdConverter
    for blueprint in (*mastodon.BLUEPRINTS, *organisation.BLUEPRINTS, operation.blueprint):
        app.register_blueprint(blueprint)
    found = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "static":
            continue
        view = app.view_functions[rule.endpoint]
        summary = (view.__doc__ or "").strip().splitlines()[0].rstrip(".")
        path = rule.rule.replace("<id:", "<").replace("<path:", "<").replace("<", ":").replace(">", "")
        found += [
            (method, path, str(getattr(view, ACCESS, "")), summary)
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        ]
    return sorted(found, key=lambda route: (route[1], route[0]))


def page() -> str:
    """The page as it must be."""
    return _HEADER + "".join(
        f"| {method} | `{path}` | {access} | {summary} |\n" for method, path, access, summary in routes()
    )


def test_every_route_says_who_may_call_it() -> None:
    """A view without a decorator of fedorg.web.auth would be open to everybody by accident."""
    assert [(method, path) for method, path, access, _ in routes() if not access] == []


def test_the_page_lists_what_is_offered() -> None:
    """docs/client-api.md is what ``python -m tests.shape.test_client_api`` writes."""
    assert PAGE.read_text() == page()


if __name__ == "__main__":
    PAGE.write_text(page())
