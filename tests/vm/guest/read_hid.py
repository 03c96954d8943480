#!/usr/bin/env python3
"""read_hid.py EVENTS NODE...: reads the script of the software keyboard and mouse from evdev nodes.

The script is that of usbside/device/software/hid_function.h: keyboard event k presses (k even) or releases
(k odd) the letter k / 2 % 26; mouse event k moves by k % 100 + 1 and k / 100 % 100 + 1. Ends when both have
given EVENTS events, or after 20 s without one. Exit code 0 when each came once and in order.
"""
import os
import select
import struct
import sys

INPUT_EVENT = struct.Struct("llHHi")  # linux/input.h
EV_SYN, EV_KEY, EV_REL = 0, 1, 2
SYN_DROPPED = 3
KEY_REPEATED = 2
# Key codes of a to z (linux/input-event-codes.h).
LETTERS = [30, 48, 46, 32, 18, 33, 34, 35, 23, 36, 37, 38, 50, 49, 24, 25, 16, 19, 31, 20, 22, 47, 17, 45, 21, 44]
PATIENCE_S = 20


class Script:
    """Events in the order read against those expected."""

    def __init__(self, expected):
        self.expected = expected
        self.read = 0
        self.wrong = 0
        self.first_fault = ""

    def take(self, event):
        wanted = self.expected(self.read)
        if event != wanted:
            self.wrong += 1
            self.first_fault = self.first_fault or f"event {self.read} is {event}, not {wanted}"
        self.read += 1


def main():
    count = int(sys.argv[1])
    keyboard = Script(lambda k: (LETTERS[k // 2 % 26], 1 - k % 2))
    mouse = Script(lambda k: (k % 100 + 1, k // 100 % 100 + 1))
    dropped = 0
    nodes = [os.open(path, os.O_RDONLY) for path in sys.argv[2:]]
    movement = [0, 0]
    while keyboard.read < count or mouse.read < count:
        ready, _, _ = select.select(nodes, [], [], PATIENCE_S)
        if not ready:
            break
        for node in ready:
            for _, _, kind, code, value in INPUT_EVENT.iter_unpack(os.read(node, 64 * INPUT_EVENT.size)):
                if kind == EV_KEY and code in LETTERS and value != KEY_REPEATED:
                    keyboard.take((code, value))
                elif kind == EV_REL and code in (0, 1):
                    movement[code] = value
                elif kind == EV_SYN and code == SYN_DROPPED:
                    dropped += 1
                elif kind == EV_SYN and movement != [0, 0]:
                    mouse.take(tuple(movement))
                    movement = [0, 0]
    wrong = keyboard.wrong + mouse.wrong
    for name, script in (("keyboard", keyboard), ("mouse", mouse)):
        if script.first_fault:
            print(f"{name}: {script.first_fault}")
    print(f"{keyboard.read} key events and {mouse.read} movements of {count} each, {wrong} wrong, {dropped} dropped")
    return 0 if (keyboard.read, mouse.read, wrong, dropped) == (count, count, 0, 0) else 1


if __name__ == "__main__":
    sys.exit(main())
