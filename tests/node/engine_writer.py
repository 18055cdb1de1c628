"""A process for ``test_engine``: writes numbered rows and prints each number once its write has returned.

``python engine_writer.py URL COUNT``; several units are under way at any time,
some of them only jotted down: no process needs the disk to survive another one's death.
"""

import asyncio
import sys

from sqlalchemy import Connection, text

from fedorg.store.changes import notify
from fedorg.store.engine import Database, Turn, open_database

CONCURRENT = 5


def insert(conn: Connection, number: int) -> None:
    conn.execute(text("INSERT INTO numbers (number) VALUES (:number)"), {"number": number})
    notify(conn)


async def write_every(database: Database, first: int, end: int) -> None:
    for number in range(first, end, CONCURRENT):
        if first % 2:
            await database.jot(Turn.JOBS, insert, number)
        else:
            await database.write(insert, number)
        print(number, flush=True)  # noqa: T201  the parent reads it


async def main(url: str, count: int) -> None:
    database = await open_database(url)
    try:
        await asyncio.gather(*(write_every(database, first, count) for first in range(CONCURRENT)))
    finally:
        await database.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
