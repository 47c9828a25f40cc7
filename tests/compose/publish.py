"""Published ports: listens on this machine, and passes on to hosts that only a network namespace can reach.

`python publish.py /run/netns/NAME '[["127.0.0.1", 8080, "10.77.0.5", 8080]]'`
"""

import asyncio
import json
import os
import socket
import sys
from functools import partial


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on what comes, until no more does."""
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def relay(host: str, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Serve one connection."""
    try:
        answers, target = await asyncio.open_connection(host, port)
    except OSError:
        writer.close()
        return
    await asyncio.gather(copy(reader, target), copy(answers, writer))


async def main(namespace: str, targets: list[tuple[str, int, str, int]]) -> None:
    """Listen here, then connect from there."""
    listening = [
        (socket.create_server((here, port), backlog=128), host, there) for here, port, host, there in targets
    ]
    os.setns(os.open(namespace, os.O_RDONLY), os.CLONE_NEWNET)
    servers = [
        await asyncio.start_server(partial(relay, host, there), sock=own) for own, host, there in listening
    ]
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], json.loads(sys.argv[2])))
