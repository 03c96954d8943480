#!/usr/bin/env python3
"""path_figures.py STATUS: what a node's status says of its paths to its first peer, as shell assignments."""
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    paths = json.load(file)["peers"][0]["paths"]
all_first = max(sum(path["first"] for path in paths), 1)
figures = {"paths": len(paths)}
for name, path in zip(("data0", "data1"), paths):
    figures[f"{name}_rtt_us"] = (path["round_trip_min_ns"] or 0) // 1000
    figures[f"{name}_first_percent"] = round(100 * path["first"] / all_first)
    figures[f"{name}_lost"] = path["lost"]
    figures[f"{name}_compared"] = path["compared"]
print(" ".join(f"{name}={value}" for name, value in figures.items()))
