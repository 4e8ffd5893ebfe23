#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A TCP proxy in front of a real server that misbehaves as a file says, from one moment to the next.

    flaky-proxy.py LISTEN_PORT SERVER_PORT MODE_FILE

The first word of MODE_FILE:

    pass    everything goes through
    hang    connections are accepted, nothing goes through in either direction
    reset   requests go through; of each reply half, and then the connection is reset
    slow    replies come one byte a second
"""

import asyncio
import socket
import struct
import sys

PIECE = 65536


def mode():
    with open(sys.argv[3], encoding="ascii") as file:
        return file.read().split()[0]


async def until_not_hanging():
    while mode() == "hang":
        await asyncio.sleep(0.05)


def reset(writer):
    """Closes with RST instead of FIN."""
    writer.get_extra_info("socket").setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def send_slowly(data, writer):
    while data and mode() == "slow":
        writer.write(data[:1])
        await writer.drain()
        data = data[1:]
        await asyncio.sleep(1)
    writer.write(data)


async def pump(reader, writer, is_reply):
    while data := await reader.read(PIECE):
        await until_not_hanging()
        if is_reply and mode() == "reset":
            writer.write(data[:(len(data) + 1) // 2])
            await writer.drain()
            await asyncio.sleep(0.01)
            reset(writer)
            return
        if is_reply and mode() == "slow":
            await send_slowly(data, writer)
        else:
            writer.write(data)
        await writer.drain()


async def serve(client_reader, client_writer):
    server_writer = None
    try:
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", int(sys.argv[2]))
        await asyncio.wait({
            asyncio.create_task(pump(client_reader, server_writer, False)),
            asyncio.create_task(pump(server_reader, client_writer, True)),
        }, return_when=asyncio.FIRST_COMPLETED)
    except OSError:
        pass
    for writer in (client_writer, server_writer):
        if writer:
            writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()


asyncio.run(main())
