#!/usr/bin/env python3
"""stream_figures.py STATUS: what a host's status says of all its streams, as shell assignments.

D of OUT is told without the agent's share, the time that it submits ahead.
"""
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    streams = [stream for attachment in json.load(file)["attachments"] for stream in attachment["streams"]]
figures = {
    "streams": len(streams),
    "d_in_us": max((s["playout_ns"] for s in streams if s["direction"] == "in"), default=0) // 1000,
    "d_out_us": max((s["playout_ns"] - s["submit_ahead_ns"] for s in streams if s["direction"] == "out"), default=0) // 1000,
    "raises": sum(s["playout_raises"] for s in streams),
    "concealed_us": sum(s["intervals"]["concealed"] * s["interval_ns"] for s in streams) // 1000,
    "concealed_in": sum(s["intervals"]["concealed"] for s in streams if s["direction"] == "in"),
    "agent_late": sum(s["agent_late"] for s in streams),
    "agent_missing": sum(s["agent_missing"] for s in streams),
}
for name in ("direct", "repaired", "retransmitted", "concealed", "device_gap", "late"):
    figures[name] = sum(s["intervals"][name] for s in streams)
print(" ".join(f"{name}={value}" for name, value in figures.items()))
