#!/usr/bin/env python3
"""json_value.py FILE PATH: the value at a dotted path; -1, which no judge accepts, when it is not there."""
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    value = json.load(file)
for name in sys.argv[2].split("."):
    value = value.get(name, -1) if isinstance(value, dict) else -1
print(json.dumps(value))
