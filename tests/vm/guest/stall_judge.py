#!/usr/bin/env python3
"""stall_judge.py STALLS RATE LIMIT-MS < DISTURBANCES: is the sound back in time after each stall?

STALLS has a line "START MS" for each stall of the network, in ms after the sound began. DISTURBANCES are numbers,
"FIRST FRAMES" in turn: frames before it and frames that it lasted, at RATE. One that lasts no longer than its stall
and LIMIT-MS was over in time, whatever lies between the clocks of the two. Prints one line; its last word is the
greatest difference in ms.
"""
import re
import sys

NEAR_MS = 1000  # between the clock of the stalls and the sound's: a program starts, an export opens


def main():
    with open(sys.argv[1], encoding="ascii") as file:
        stalls = [tuple(map(int, line.split())) for line in file]
    rate, limit = int(sys.argv[2]), int(sys.argv[3])
    numbers = [int(number) * 1000 / rate for number in re.findall(r"\d+", sys.stdin.read())]
    faults, told, latest = [], [], 0.0
    for first, length in zip(numbers[::2], numbers[1::2]):
        near = [stall for stall in stalls if abs(stall[0] - first) <= NEAR_MS]
        if not near:
            faults.append(f"{length:.0f} ms disturbed at {first:.0f} ms, which is no stall")
            continue
        after = length - near[0][1]
        latest = max(latest, after)
        told.append(f"{near[0][1]} ms: {after:+.1f}")
        if after > limit:
            faults.append(f"after {near[0][1]} ms without network the sound is back {after:.0f} ms later")
    untold = len(stalls) - len(told)
    if untold:
        told.append(f"{untold} unheard")
    print("; ".join(faults + [f"back after {', '.join(told)}; at most {latest:.1f}"]))
    return 1 if faults else 0


sys.exit(main())
