"""What takes how much room, as those who look after a node see it."""

from fedorg.services import storage
from tests.node.talking import WorkingServer, post, upload


async def test_every_part_of_the_database_and_every_file_is_counted(working: WorkingServer) -> None:
    """Rows and bytes of each part, on either engine; a picture is a file and its preview."""
    anna = await working.person("anna")
    attachment = await upload(anna, description="A picture")
    await post(anna, "With a picture", **{"media_ids[]": attachment["id"]})
    await working.settle()

    room = await storage.measure(working.server.node)
    parts = {part.name: part for part in room.parts}
    assert parts.keys() >= {
        "statuses",
        "queue",
        "search",
        "timelines",
        "notifications",
        "records",
        "people and settings",
    }
    assert parts["search"].rows == 1
    assert all(part.bytes for part in room.parts)
    assert sum(part.bytes or 0 for part in room.parts) <= room.database_bytes
    assert (room.files, room.files_bytes > 0) == (2, True)
