"""Reads state files of checkpoints and verifies all of their checksums, by docs/formats/state-file.md alone.

    python3 read_checkpoint.py FILE…

Prints what is in each file; the exit status is 1 if one is damaged.
"""

import dataclasses
import struct
import sys

MAGIC = b"WEIRSTAT"
END_MAGIC = b"WEIR-END"
HEADER_BYTES = 16
TRAILER_BYTES = 24


class Damaged(Exception):
    pass


def _table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = (byte >> 1) ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


_TABLE = _table()


def crc32c(data):
    value = 0xFFFFFFFF
    for byte in data:
        value = (value >> 8) ^ _TABLE[(value ^ byte) & 0xFF]
    return value ^ 0xFFFFFFFF


@dataclasses.dataclass
class Section:
    kind: str
    operator_id: str
    state: str = ""
    schema: str = ""
    max_parallelism: int = 0
    pieces: list = dataclasses.field(default_factory=list)  # (key group, entries, bytes)


class _Cursor:
    def __init__(self, data):
        self.data = data
        self.position = 0

    def take(self, count):
        if len(self.data) - self.position < count:
            raise Damaged("the footer is cut off")
        self.position += count
        return self.data[self.position - count:self.position]

    def u32(self):
        return struct.unpack("<I", self.take(4))[0]

    def text(self):
        return self.take(self.u32()).decode()


def _require(condition, message):
    if not condition:
        raise Damaged(message)


def _read_section(cursor):
    section = Section(cursor.text(), cursor.text())
    if section.kind in ("keyed-table", "channel-state"):
        section.state, section.schema, section.max_parallelism = cursor.text(), cursor.text(), cursor.u32()
    else:
        _require(section.kind == "operator-state", f"section of kind '{section.kind}'")
    return section


def read_state_file(data):
    """The sections of a file's bytes, with the content of all pieces. Raises Damaged."""
    _require(len(data) >= HEADER_BYTES + TRAILER_BYTES, "cut off")
    header, trailer = data[:HEADER_BYTES], data[-TRAILER_BYTES:]
    version, checksum = struct.unpack("<II", header[8:])
    _require(header.startswith(MAGIC) and crc32c(header[:12]) == checksum, "header")
    _require(version in (1, 2), f"format version {version}")
    footer_bytes, footer_checksum, checksum = struct.unpack("<QII", trailer[:16])
    _require(trailer.endswith(END_MAGIC) and crc32c(trailer[:12]) == checksum, "trailer")
    end = len(data) - TRAILER_BYTES - footer_bytes
    _require(end >= HEADER_BYTES, "the footer is too long")
    footer = data[end:-TRAILER_BYTES]
    _require(crc32c(footer) == footer_checksum, "footer")

    cursor = _Cursor(footer)
    sections = [_read_section(cursor) for _ in range(cursor.u32())]
    offset = HEADER_BYTES
    for _ in range(cursor.u32()):
        section, key_group, entries, size, checksum = (cursor.u32() for _ in range(5))
        content = data[offset:offset + size]
        _require(crc32c(content) == checksum, f"{size} bytes at {offset}")
        sections[section].pieces.append((key_group, entries, content))
        offset += size
    _require(cursor.position == len(footer), "bytes follow the footer's pieces")
    _require(offset == end, "the pieces do not fill the file")
    return sections


def describe(sections):
    for section in sections:
        size = sum(len(content) for _, _, content in section.pieces)
        if section.kind == "operator-state":
            yield f"operator state of {section.operator_id}: {size} bytes"
            continue
        if section.kind == "channel-state":
            records = sum(count for _, count, _ in section.pieces)
            yield (f"records on their way to {section.operator_id} by {section.state} ({section.schema}): {records}, "
                   f"{size} bytes")
            continue
        groups = {key_group for key_group, _, _ in section.pieces}
        entries = sum(count for _, count, _ in section.pieces)
        yield (f"keyed state '{section.state}' of {section.operator_id} ({section.schema}): {entries} entries, "
               f"{size} bytes, {len(groups)} of {section.max_parallelism} key groups")


def main(paths):
    failed = False
    for path in paths:
        with open(path, "rb") as file:
            data = file.read()
        try:
            for line in describe(read_state_file(data)):
                print(f"{path}: {line}")
        except Damaged as error:
            failed = True
            print(f"{path}: damaged: {error}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
