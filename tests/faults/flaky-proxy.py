#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A TCP proxy in front of a real server that misbehaves as a file says, from one moment to the next.

    flaky-proxy.py LISTEN SERVER MODE_FILE [PROTOCOL]

LISTEN and SERVER are ports of 127.0.0.1, or paths of sockets. The words of MODE_FILE:

    pass    everything goes through
    hang    connections are accepted, nothing goes through in either direction, later neither
    reset   requests go through; of each reply half, and then the connection is reset
    slow    replies come one byte a second
    hostile KIND   requests go through; in place of a reply comes that kind of hostile.py for PROTOCOL
"""

import asyncio
import os
import socket
import struct
import sys

import hostile

PIECE = 65536
KINDS = hostile.kinds(sys.argv[4]) if len(sys.argv) > 4 else {}


def mode():
    with open(sys.argv[3], encoding="ascii") as file:
        return file.read().strip()


async def hangs():
    """Whether it does; comes back when it is over."""
    if mode() != "hang":
        return False
    while mode() == "hang":
        await asyncio.sleep(0.05)
    return True


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


async def be_hostile(reply, writer):
    told = mode()
    for piece in KINDS[told.split()[1]](reply):
        if mode() != told or writer.transport.is_closing():
            break
        writer.write(piece)
        await writer.drain()
    while mode() == told and not writer.transport.is_closing():
        await asyncio.sleep(0.05)


async def pump(reader, writer, is_reply):
    while data := await reader.read(PIECE):
        if await hangs():
            return
        if is_reply and mode() == "reset":
            writer.write(data[:(len(data) + 1) // 2])
            await writer.drain()
            await asyncio.sleep(0.01)
            reset(writer)
            return
        if is_reply and mode().startswith("hostile"):
            await be_hostile(data, writer)
            return
        if is_reply and mode() == "slow":
            await send_slowly(data, writer)
        else:
            writer.write(data)
        await writer.drain()


def connect(place):
    if os.path.isabs(place):
        return asyncio.open_unix_connection(place)
    return asyncio.open_connection("127.0.0.1", int(place))


def listen(place):
    if os.path.isabs(place):
        return asyncio.start_unix_server(serve, place)
    return asyncio.start_server(serve, "127.0.0.1", int(place))


async def serve(client_reader, client_writer):
    server_writer = None
    try:
        server_reader, server_writer = await connect(sys.argv[2])
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
    await (await listen(sys.argv[1])).serve_forever()


asyncio.run(main())
