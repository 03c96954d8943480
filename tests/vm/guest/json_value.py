#!/usr/bin/env python3
"""json_value.py FILE PATH: the value at a dotted path, 0 when it is not there."""
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    value = json.load(file)
for name in sys.argv[2].split("."):
    value = value.get(name, {}) if isinstance(value, dict) else {}
print(json.dumps(value) if value != {} else 0)
