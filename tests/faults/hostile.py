# SPDX-License-Identifier: MIT
"""What a hostile server says in place of a reply: names and functions that yield bytes, given the reply.

Some never end. Behind what does end the connection stays open, and silent.
"""

import itertools
import random
import struct

GARBAGE = random.Random(5).randbytes(65536)
RUDE = b"\x1b[2J\r\nroot: all is well\x00\xff%s%n"  # what a log must not show as it is
ZEROS = bytes(1 << 20)


def garbage(_reply):
    yield GARBAGE


def truncated(reply):
    yield reply[:len(reply) // 2]


# --- MySQL: packets of a length of three bytes and a number of one ----------------------------------


def packets(number, payloads):
    for payload in payloads:
        number = (number + 1) % 256
        yield struct.pack("<I", len(payload))[:3] + bytes([number]) + payload


def after(reply):
    """The number before the one that the reply has."""
    return (reply[3] - 1) % 256 if len(reply) > 3 else 255


def text(value):
    return bytes([len(value)]) + value


COLUMN = text(b"def") + 5 * text(b"c") + b"\x0c" + struct.pack("<HIBHBH", 33, 255, 0xFD, 0, 0, 0)
END = b"\xfe\0\0\x02\0"


def mysql_oversized(reply):
    """One packet that goes on and on: each piece has the length that says so."""
    for number in itertools.count(after(reply) + 1):
        yield b"\xff\xff\xff" + bytes([number % 256])
        for _ in range(15):
            yield ZEROS
        yield ZEROS[:-1]


def mysql_wrong_number(reply):
    yield reply[:3] + bytes([(reply[3] + 7) % 256]) + reply[4:]


def mysql_endless_rows(reply):
    rows = itertools.repeat(text(b"x" * 250))
    yield from together(packets(after(reply), itertools.chain([b"\x01", COLUMN, END], rows)))


def mysql_endless_columns(reply):
    columns = itertools.chain([b"\xfe" + b"\xff" * 7 + b"\x7f"], itertools.repeat(COLUMN))
    yield from together(packets(after(reply), columns))


def mysql_endless_progress(reply):
    """Reports of how far it has come, which a client reads over."""
    report = b"\xff\xff\xff\x01\x01\x02\0\0\0" + text(b"still at it")
    yield from together(packets(after(reply), itertools.repeat(report)))


def mysql_rude_error(reply):
    yield from packets(after(reply), [b"\xff" + struct.pack("<H", 9999) + b"#HY000" + RUDE * 400])


# --- PostgreSQL: messages of a letter, a length of four bytes that counts itself, and so many bytes -----


def message(letter, payload=b""):
    return letter + struct.pack(">I", len(payload) + 4) + payload


def together(pieces):
    """The same bytes in larger pieces, for what never ends."""
    while piece := b"".join(itertools.islice(pieces, 1000)):
        yield piece


def pgsql_oversized(_reply):
    yield b"T" + struct.pack(">I", 0x7FFFFFF0)
    yield from itertools.repeat(ZEROS)


def pgsql_negative(_reply):
    yield b"D" + struct.pack(">i", -2)


def pgsql_wrong_order(_reply):
    yield message(b"Z", b"I") + message(b"D", b"\0\1\0\0\0\1x") + message(b"2") + message(b"1")


def pgsql_endless_rows(_reply):
    column = b"c\0" + struct.pack(">IHIHIH", 0, 0, 25, 65535, 0xFFFFFFFF, 0)
    row = message(b"D", struct.pack(">HI", 1, 250) + b"x" * 250)
    yield from together(itertools.chain([message(b"T", b"\0\1" + column)], itertools.repeat(row)))


def pgsql_endless_notices(_reply):
    yield from together(itertools.repeat(message(b"N", b"SNOTICE\0Mstill at it\0\0")))


def pgsql_endless_copy(_reply):
    rows = itertools.repeat(message(b"d", b"x" * 250))
    yield from together(itertools.chain([message(b"H", b"\0\0\0")], rows))


def pgsql_rude_error(_reply):
    rude = (RUDE * 400).replace(b"\0", b"")
    yield message(b"E", b"SERROR\0C" + b"XX000\0M" + rude + b"\0\0") + message(b"Z", b"I")


# --- Redis ----------------------------------------------------------------------------------------


def redis_oversized(_reply):
    yield b"$500000000\r\n"
    yield from itertools.repeat(ZEROS)


def redis_huge_array(_reply):
    yield b"*2147483647\r\n"
    yield from itertools.repeat(b":1\r\n" * 10000)


def redis_nested(_reply):
    yield from itertools.repeat(b"*1\r\n" * 10000)


def redis_endless_line(_reply):
    yield b"+"
    yield from itertools.repeat(b"x" * 65536)


def redis_unasked(reply):
    yield reply + b":1\r\n" * 100000


def redis_rude_error(_reply):
    yield b"-ERR " + RUDE.replace(b"\r\n", b"") * 400 + b"\r\n"


# --- Cassandra: frames with a version, flags, a stream of two bytes, an opcode, a length of four ------


def frame(stream, opcode, length):
    return b"\x84\0" + stream + opcode + struct.pack(">I", length)


def cassandra_oversized(reply):
    yield frame(reply[2:4], b"\x08", 0x7FFFFFFF)
    yield from itertools.repeat(ZEROS)


def cassandra_endless_rows(reply):
    """As long as a frame may be, and as many rows as there may be."""
    rows = struct.pack(">IIIHHHH", 2, 5, 0x7FFFFFFF, 0, 0, 0, 0)[:12] + struct.pack(">I", 0x7FFFFFFF)
    yield frame(reply[2:4], b"\x08", 256 << 20) + rows
    yield from itertools.repeat(ZEROS)


def cassandra_wrong_stream(_reply):
    yield from itertools.repeat(frame(b"\x7f\xff", b"\x02", 0) * 1000)


def cassandra_rude_error(reply):
    text = RUDE * 400
    yield frame(reply[2:4], b"\0", 6 + len(text)) + struct.pack(">IH", 0, len(text)) + text


# --- Dovecot's dict server: lines ------------------------------------------------------------------


def dict_endless_line(_reply):
    yield from itertools.repeat(b"O" * 65536)


def dict_unasked(_reply):
    yield from itertools.repeat(b"O77\t1\n" * 10000)


def dict_rude_error(_reply):
    yield b"*A1\tF1\t" + RUDE.replace(b"\n", b"") * 400 + b"\n"


def kinds(protocol):
    """Name -> function of what servers of that protocol can say."""
    found = {"garbage": garbage, "truncated": truncated}
    for name, function in globals().items():
        if name.startswith(protocol + "_"):
            found[name[len(protocol) + 1:].replace("_", "-")] = function
    return found
