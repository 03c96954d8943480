#!/usr/bin/env python3
"""midi_pattern.py generate|check MESSAGES FILE: pitch bends that count, as usbside/device/software/midi_function.h.

Message k is status 0xE0 + (k >> 14 & 15), data k & 127, data k >> 7 & 127. "check" exits with 0 when FILE
holds messages 0 to MESSAGES - 1, each once and in order.
"""
import pathlib
import sys


def message(k):
    return bytes((0xE0 + (k >> 14 & 15), k & 127, k >> 7 & 127))


def counts(data):
    """The counters in the order received; running status is understood, other messages give -1."""
    status = 0
    values = []
    for byte in data:
        if byte >= 0x80:
            status = byte
            rest = []
        elif status:
            rest.append(byte)
            if len(rest) == 2:
                is_bend = status & 0xF0 == 0xE0
                values.append((status & 15) << 14 | rest[1] << 7 | rest[0] if is_bend else -1)
                rest = []
    return values


def main():
    command, count, path = sys.argv[1], int(sys.argv[2]), pathlib.Path(sys.argv[3])
    if command == "generate":
        path.write_bytes(b"".join(message(k) for k in range(count)))
        return 0
    values = counts(path.read_bytes())
    seen = set(values)
    missing = count - len(seen & set(range(count)))
    repeated = len(values) - len(seen)
    order = sum(1 for before, after in zip(values, values[1:]) if after < before)
    altered = len(seen - set(range(count)))
    print(f"{len(values)} messages, {missing} missing, {repeated} repeated, {altered} altered, {order} out of order")
    return 0 if values == list(range(count)) else 1


if __name__ == "__main__":
    sys.exit(main())
