#!/usr/bin/env python3
"""forecast.py RESULTS: what of the scenario `lossy` the simulation conceals, said before the guest starts.

For each network, 39 seeds of `usbgw demo --virtual` with the guest's device, client, D, repair and length. Between the
least and the greatest of 39 runs lies a fortieth of the same kind with 95 % (2 of 40 ranks are outside). Writes
RESULTS/networks, a line each: NAME LEAST GREATEST NETEM..., and RESULTS/forecast_NAME.json.

In the environment, as NAME=VALUE of the scenario: seconds, losses, kinds, burst, rtt_us, d_ms, period, repair, usbgw.
"""
import json
import os
import pathlib
import subprocess
import sys

SEEDS = 39
CONFIG = """
[node]
name = "forecast"
[dataplane]
port = "ring"
[control]
listen = "127.0.0.1:7443"
[impairment]
delay = "{delay_us}us"
{loss}
[repair]
{repair}
[[export]]
device = "software:uac1"
[[allow]]
device = "software:uac1"
[[peer]]
name = "forecast"
control = "127.0.0.1:7443"
[[attach]]
peer = "forecast"
device = "software:uac1"
mode = "fixed"
playout = "{playout}ms"
[workers]
idle_sleep = "100us"
"""


def option(name, default):
    return os.environ.get(name) or default


def networks():
    """Name, netem's loss, the simulation's. Correlated is Gilbert's chain: bursts of `burst` frames in the mean."""
    burst = float(option("burst", "3"))
    for loss in option("losses", "0.7 3").split():
        share = float(loss) / 100
        leave = 1 / burst
        enter = share * leave / (1 - share)
        for kind in option("kinds", "independent correlated").split():
            if kind == "independent":
                yield f"{loss}%_{kind}", f"loss random {loss}%", f"loss = {share}"
            else:
                yield (f"{loss}%_{kind}", f"loss gemodel {100 * enter:.5f}% {100 * leave:.5f}%",
                       f"gilbert_p = {enter:.9f}\ngilbert_r = {leave:.9f}")


def main():
    root, results = pathlib.Path(__file__).resolve().parents[3], pathlib.Path(sys.argv[1])
    delay_us = int(option("rtt_us", "8000")) // 2
    playout = option("d_ms", "8")
    lines = []
    for name, netem, loss in networks():
        file = results / f"forecast_{name}.toml"
        file.write_text(CONFIG.format(delay_us=delay_us, loss=loss, playout=playout,
                                      repair=option("repair", 'scheme = "copy"')))
        command = [option("usbgw", root / "build/app/usbgw"), "demo", "--virtual", "--json", "--config", file, "--seeds", f"1-{SEEDS}",
                   "--seconds", option("seconds", "30"), "--playout", playout,
                   "--period", option("period", "128x2").split("x")[0]]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"forecast: {done.stderr.strip()}")
        (results / f"forecast_{name}.json").write_text(done.stdout)
        runs = json.loads(done.stdout)["runs"]
        concealed = sorted(run["in"]["concealed"] + run["out"]["concealed"] for run in runs)
        sent = sum(run[way]["datagrams"] for run in runs for way in ("in", "out"))
        lost = sum(run[way]["lost"] for run in runs for way in ("in", "out"))
        print(f"forecast: {name.replace('_', ' ')}: {100 * lost / sent:.2f} % lost, {concealed[0]} to {concealed[-1]} intervals "
              f"concealed with 95 %, {sum(concealed) / SEEDS:.1f} in the mean of {SEEDS} seeds", flush=True)
        lines.append(f"{name} {concealed[0]} {concealed[-1]} delay {delay_us}us {netem}\n")
    (results / "networks").write_text("".join(lines))


if __name__ == "__main__":
    main()
