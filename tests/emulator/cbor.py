"""The part of CBOR (RFC 8949) that Smithy's RPC v2 speaks: what CloudWatch is asked with, and answers with.

It knows nothing of the service. A time is a `Stamp`; everything else is as in JSON.
"""

import struct

WHERE_LENGTH_STANDS = {24: ">B", 25: ">H", 26: ">I", 27: ">Q"}
SIMPLE = {20: False, 21: True, 22: None, 23: None}


class Stamp(float):
    """Seconds since 1970, tagged as a time."""


def head(major, number):
    if number < 24:
        return bytes([major << 5 | number])
    for info, form in WHERE_LENGTH_STANDS.items():
        if number < 1 << 8 * struct.calcsize(form):
            return bytes([major << 5 | info]) + struct.pack(form, number)
    raise ValueError(number)


def encode(value):
    match value:
        case None:
            return b"\xf6"
        case bool():
            return b"\xf5" if value else b"\xf4"
        case Stamp():
            return head(6, 1) + struct.pack(">Bd", 0xFB, value)
        case int():
            return head(0, value) if value >= 0 else head(1, -1 - value)
        case float():
            return struct.pack(">Bd", 0xFB, value)
        case str():
            text = value.encode()
            return head(3, len(text)) + text
        case list() | tuple():
            return head(4, len(value)) + b"".join(map(encode, value))
        case dict():
            rows = [(name, item) for name, item in value.items() if item is not None]
            return head(5, len(rows)) + b"".join(encode(name) + encode(item) for name, item in rows)
    raise TypeError(type(value))


def decode(data):
    if not data:
        return {}
    value, at = item(data, 0)
    if at != len(data):
        raise ValueError(f"{len(data) - at} bytes after the end")
    return value


def item(data, at):
    """A value, and where the next one begins."""
    major, info = data[at] >> 5, data[at] & 31
    at += 1
    if major == 7 and info in SIMPLE:
        return SIMPLE[info], at
    if major == 7 and info in (25, 26, 27):
        form = {25: ">e", 26: ">f", 27: ">d"}[info]
        return struct.unpack_from(form, data, at)[0], at + struct.calcsize(form)
    number = info
    if info in WHERE_LENGTH_STANDS:
        form = WHERE_LENGTH_STANDS[info]
        number = struct.unpack_from(form, data, at)[0]
        at += struct.calcsize(form)
    elif info == 31:
        number = None  # until a break
    if major in (0, 1):
        return (number if major == 0 else -1 - number), at
    if major == 6:
        value, at = item(data, at)
        return (Stamp(value) if number == 1 else value), at
    if number is not None and major in (2, 3):
        chunk = data[at : at + number]
        return (chunk.decode() if major == 3 else chunk), at + number
    parts, left = [], (number * (2 if major == 5 else 1) if number is not None else -1)
    while left and not (left < 0 and data[at] == 0xFF):
        value, at = item(data, at)
        parts.append(value)
        left -= 1
    at += number is None
    if major == 5:
        return dict(zip(parts[::2], parts[1::2], strict=True)), at
    return (parts if major == 4 else "".join(parts) if major == 3 else b"".join(parts)), at
