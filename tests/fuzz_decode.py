"""Mutated recordings through the batch decoder and through the line-by-line one with pyais: they must agree.

    python -m tests.fuzz_decode --lines 10000000 --seed 1

Prints how many lines were compared and how many of them were mutated; ends with 1 and the record at a difference.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

from streams.bench import feed
from streams.decode import decode
from tests.decode_by_line import decode_by_line, difference

SIZES = (1, 3, 40, 250, 1000)
SHARES = (0.0, 0.1, 0.5, 1.0)
FALLBACKS_MS = (0, 5, -7, 1_707_000_000_000)
INSERTED = b"!*,\\0c:w 1\r\n"
FIELDS = (b"s:rMT2083", b"t:spire", b"g:1-2-3985", b"n:5", b"T:2020-09-04 18.12.06", b"cc:12", b"c:17", b"q:a!b", b"c:")


def mutated(random: Random, line: bytes) -> bytes:
    """The line with one thing wrong, or merely unusual; in half of the cases with a checksum that fits again."""
    changed = random.choice(MUTATIONS)(random, line)
    return resealed(random, changed) if random.random() < 0.5 else changed


def cut(random: Random, line: bytes) -> bytes:
    return line[: random.randrange(len(line) + 1)]


def flipped(random: Random, line: bytes) -> bytes:
    if not line:
        return line
    at = random.randrange(len(line))
    return line[:at] + bytes([line[at] ^ 1 << random.randrange(8)]) + line[at + 1 :]


def inserted(random: Random, line: bytes) -> bytes:
    at = random.randrange(len(line) + 1)
    return line[:at] + bytes([random.choice(INSERTED)]) + line[at + random.randrange(2) :]


def refilled(random: Random, line: bytes) -> bytes:
    head, comma, tail = line.rpartition(b",")
    return head + comma + random.choice((b"", b"0", b"1", b"2", b"5", b"6", b"9", b"x")) + tail[1:]


def resized(random: Random, line: bytes) -> bytes:
    """A payload longer or shorter by some characters."""
    fields = line.split(b",")
    at = len(fields) - 2
    if at >= 0:
        count = random.choice((1, 2, 7, 20, 40, 100))
        fields[at] = fields[at][:-count] if random.random() < 0.5 else fields[at] + b"0" * count
    return b",".join(fields)


def without_a_field(random: Random, line: bytes) -> bytes:
    fields = line.split(b",")
    at = random.randrange(len(fields))
    fields[at : at + 1] = random.choice(([], [b""], [random.choice(fields)]))
    return b",".join(fields)


def retyped(random: Random, line: bytes) -> bytes:
    """Another message type in the same bits."""
    head, comma, tail = line.rpartition(b",")
    start = head.rfind(b",") + 1
    return head[:start] + bytes([random.choice(b"0123456789:;<=>?@ABCDEFGHIJKLw")]) + head[start + 1 :] + comma + tail


def lowered(random: Random, line: bytes) -> bytes:
    return line[:-2] + line[-2:].lower()


def followed(random: Random, line: bytes) -> bytes:
    return line + random.choice((b"\r", b" x", b",r003669946,1326055296", b"x", b",foo!bar", b"\n", b"\n \n"))


def retagged(random: Random, line: bytes) -> bytes:
    second = random.choice((1_700_000_000, 5, 999_999_999, 4_102_444_800, 10**11, 10**12 + 1, 4_102_444_800_000))
    fields = [b"c:%d" % second, *random.sample(FIELDS, random.randrange(3))]
    random.shuffle(fields)
    end = random.choice((b"*68\\", b"*68\\", b"*68\\", b"\\", b"*x8\\ "))
    return b"\\" + b",".join(fields) + end + line[max(line.find(b"!"), 0) :]


def emptied(random: Random, line: bytes) -> bytes:
    return random.choice((b"", b" ", b"\r", b"noise", line[max(line.find(b"!"), 0) :]))


MUTATIONS = (cut, flipped, inserted, refilled, resized, without_a_field, retyped, lowered, followed, retagged, emptied)


def resealed(random: Random, line: bytes) -> bytes:
    """The right checksum, in capitals or not."""
    head, bang, sentence = line.rpartition(b"!")
    body, star, tail = sentence.rpartition(b"*")
    if not bang or not star:
        return line
    value = 0
    for byte in body:
        value ^= byte
    return head + bang + body + star + (b"%02x" if random.random() < 0.3 else b"%02X") % value + tail[2:]


def records(lines: list[bytes], random: Random) -> Iterator[tuple[bytes, int, int]]:
    """For ever: a record, how many lines went into it and how many of them were mutated."""
    timed = feed.packed(lines, 1)
    while True:
        source = lines if random.random() < 0.1 else timed
        at, share = random.randrange(len(source)), random.choice(SHARES)
        chosen = source[at : at + random.choice(SIZES)]
        made = [mutated(random, line) if random.random() < share else line for line in chosen]
        wrong = sum(a is not b for a, b in zip(made, chosen, strict=True))
        if random.random() < 0.1:
            random.shuffle(made)  # parts that are apart, or change places
        yield b"\n".join(made), len(made), wrong


def compare(value: bytes, fallback_ms: int) -> str | None:
    """Where the two decoders differ, if they do."""
    return difference(decode(value, "f,\\", None, fallback_ms), decode_by_line(value, "f,\\", fallback_ms))


def tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--lines", type=int, default=1_000_000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--data", type=Path, help="recordings; by default those of `wakewatch bench`")
    asked = options.parse_args()
    given, random = feed.given(asked.data), Random(asked.seed)
    tell(f"seed {asked.seed}, {given.description}")
    compared = changed = told = 0
    began = time.process_time()
    for value, count, wrong in records(given.lines, random):
        if (found := compare(value, random.choice(FALLBACKS_MS))) is not None:
            tell(f"DIFFERENCE after {compared:,} lines: {found}\n{value!r}")
            return 1
        compared, changed = compared + count, changed + wrong
        if compared >= told + 500_000 or compared >= asked.lines:
            told = compared
            cpu_s = time.process_time() - began
            tell(f"{compared:,} lines compared, {changed:,} of them mutated, no difference ({cpu_s:.0f} s CPU)")
        if compared >= asked.lines:
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
