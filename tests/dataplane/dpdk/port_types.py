#!/usr/bin/env python3
"""Carries datagrams over every virtual port type between two processes in network namespaces of our
own, and lets the kernel's ping verify ARP, NDP and ICMP.

Usage: port_types.py PORT_PEER    (exit 77: skipped, it says why)
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

SKIP = 77
NAMES = [f"usbgwt{os.getpid()}{side}" for side in "ab"]
TIMEOUT_S = 60


def sh(*words, check=True):
    return subprocess.run(words, check=check, capture_output=True, text=True, timeout=TIMEOUT_S)


def ip(*words):
    sh("ip", *words)


def ip_in(namespace, *words):
    sh(*inside(namespace), "ip", *words)


def inside(namespace):
    """What a command is preceded by to run in a namespace. "ip netns exec" and "ip -n" want to mount, too, which a chroot
    does not let them."""
    return ["nsenter", f"--net=/run/netns/{namespace}"]


class Namespaces:
    """Two namespaces joined by veth v0 and v1, which also carry addresses for the kernel's own stack."""

    def __init__(self, mtu):
        self.mtu = mtu

    def __enter__(self):
        a, b = NAMES
        for name in NAMES:
            ip("netns", "add", name)
        ip("link", "add", "v0", "netns", a, "mtu", str(self.mtu), "type", "veth",
           "peer", "name", "v1", "netns", b, "mtu", str(self.mtu))
        for name, link, host in ((a, "v0", 1), (b, "v1", 2)):
            ip_in(name, "addr", "add", f"10.9.0.{host}/24", "dev", link)
            ip_in(name, "addr", "add", f"fd09::{host}/64", "dev", link, "nodad")
            ip_in(name, "link", "set", link, "up")
        return self

    def __exit__(self, *_):
        for name in NAMES:
            sh("ip", "netns", "del", name, check=False)


class Echo:
    """port_peer echoing in a namespace until the block ends; `counters` afterwards."""

    def __init__(self, peer, namespace, *words):
        self.command = [*inside(namespace), peer, *words, "echo"]
        self.counters = {}

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)
        first = self.process.stdout.readline()
        if not first.startswith("ready"):
            self.process.wait(TIMEOUT_S)
            raise SystemExit(f"{' '.join(self.command)}: {first}")
        return self

    def __exit__(self, *_):
        if self.process.returncode is None:
            self.stop()

    def stop(self):
        text, _ = self.process.communicate("", timeout=TIMEOUT_S)
        self.counters = {m[1]: int(m[2]) for m in re.finditer(r"^(\w+) (\d+)$", text, re.M)}


def send(peer, spec, addresses, mtu, vlan, to, size, count=300):
    done = sh(*inside(NAMES[0]), peer, spec, addresses, str(mtu), str(vlan),
              "send", to, str(count), str(size), check=False)
    line = next((l for l in done.stdout.splitlines() if "echoes" in l), "")
    if done.returncode != 0 or not line:
        raise SystemExit(f"{spec} to {to}, {size} bytes: {done.stdout}{done.stderr}")
    print(f"{spec.split(':')[0]:10} MTU {mtu} VLAN {vlan} to {to}: {line}")


def ping(namespace, address, *options):
    done = sh(*inside(namespace), "ping", "-n", "-c", "3", "-i", "0.2", "-W", "2",
              *options, address, check=False)
    if ", 0% packet loss" not in done.stdout:
        raise SystemExit(f"ping {address} {options}: {done.stdout}{done.stderr}")
    print(f"{'':10} the kernel's ping {address} {' '.join(options)}: 3 of 3")


def expect(condition, text):
    if not condition:
        raise SystemExit(text)


# Runs inside a namespace: waits for one of our UDP datagrams, prints its VLAN tag control and TOS byte.
WIRETAP = """
import socket, struct, sys
tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
tap.bind((sys.argv[1], 0))
tap.setsockopt(263, 8, 1)  # SOL_PACKET, PACKET_AUXDATA: the kernel takes the tag out of the frame
tap.settimeout(20)
print("listening", flush=True)
while True:
    frame, extra, _, _ = tap.recvmsg(2048, 256)
    if frame[12:14] == b"\\x08\\x00" and frame[23] == 17 and frame[36:38] == struct.pack("!H", 4791):
        tag = struct.unpack_from("=IIIHHHH", extra[0][2])[5] if extra else 0
        print(tag, frame[15])
        break
"""


def marking_on_the_wire(peer, mtu):
    """The peer's datagrams carry VLAN 7 and DSCP 46 where the kernel sees them."""
    with subprocess.Popen([*inside(NAMES[1]), sys.executable, "-c", WIRETAP, "v1"],
                          stdout=subprocess.PIPE, text=True) as wiretap:
        wiretap.stdout.readline()
        send(peer, "af_packet:v0", "10.7.0.1/24", mtu, 7, "10.7.0.2", mtu - 28)
        seen, _ = wiretap.communicate(timeout=TIMEOUT_S)
    expect(seen.split() == ["7", str(46 << 2)], f"VLAN tag and TOS on the wire: {seen}")
    print(f"{'':10} on the wire: VLAN 7, DSCP 46")


def sleeps_through_an_outage(peer, echo, spec, ours, mtu, to):
    """An interface that goes down and comes back is one alarm to a peer that sleeps on its socket, not one
    that goes on."""
    send(peer, spec, ours, mtu, 0, to, 192, count=1000)
    ip_in(NAMES[1], "link", "set", "v1", "down")
    time.sleep(1)
    ip_in(NAMES[1], "link", "set", "v1", "up")
    send(peer, spec, ours, mtu, 0, to, 192, count=1000)
    echo.stop()
    looks = echo.counters.get("empty_looks", 0)
    expect(looks < 20000, f"{spec}: {looks} looks for 2000 datagrams: it does not sleep")
    print(f"{'':10} 2000 datagrams and an outage: {looks} looks found nothing")


def af_packet(peer):
    with Namespaces(9000):
        with Echo(peer, NAMES[1], "af_packet:v1", "10.9.0.12/24,fd09::12/64", "9000", "0") as echo:
            ours = "10.9.0.11/24,fd09::11/64"
            send(peer, "af_packet:v0", ours, 9000, 0, "10.9.0.12", 8972)
            send(peer, "af_packet:v0", ours, 9000, 0, "fd09::12", 8952)
            ping(NAMES[0], "10.9.0.12", "-M", "do", "-s", "8972")
            ping(NAMES[0], "fd09::12", "-s", "8952")
        expect(echo.counters.get("pings_answered") == 6, f"pings: {echo.counters}")
        with Echo(peer, NAMES[1], "af_packet:v1", "10.9.0.12/24", "9000", "0") as echo:
            sleeps_through_an_outage(peer, echo, "af_packet:v0", "10.9.0.11/24", 9000, "10.9.0.12")
        with Echo(peer, NAMES[1], "af_packet:v1", "10.7.0.2/24", "9000", "7"):
            marking_on_the_wire(peer, 9000)


def af_xdp(peer):
    with Namespaces(3498):
        spec = ("af_xdp:v1", "10.9.0.2/24,fd09::2/64", "3498", "0")
        ours = "10.9.0.1/24,fd09::1/64"
        with Echo(peer, NAMES[1], *spec) as echo:
            send(peer, "af_xdp:v0", ours, 3498, 0, "10.9.0.2", 3470)
            send(peer, "af_xdp:v0", ours, 3498, 0, "fd09::2", 3450)
            ping(NAMES[0], "10.9.0.2")  # still answered by the kernel
            echo.process.kill()
        with Echo(peer, NAMES[1], *spec) as heir:  # takes over what the killed one left attached
            sleeps_through_an_outage(peer, heir, "af_xdp:v0", ours, 3498, "10.9.0.2")
        expect(echo.process.returncode == -9, "it was not killed")


def memif(peer):
    with Namespaces(1500), tempfile.TemporaryDirectory() as folder:
        socket = pathlib.Path(folder) / "link"
        with Echo(peer, NAMES[1], f"memif:{socket},server", "10.9.0.2/24,fd09::2/64", "9000", "7"):
            ours = "10.9.0.1/24,fd09::1/64"
            send(peer, f"memif:{socket},client", ours, 9000, 7, "10.9.0.2", 8972)
            send(peer, f"memif:{socket},client", ours, 9000, 7, "fd09::2", 100)


def tap(peer):
    with Namespaces(1500):
        with Echo(peer, NAMES[1], "tap:usbgw0", "10.8.0.2/24,fd08::2/64", "1500", "0") as echo:
            ip_in(NAMES[1], "addr", "add", "10.8.0.1/24", "dev", "usbgw0")
            ip_in(NAMES[1], "addr", "add", "fd08::1/64", "dev", "usbgw0", "nodad")
            ip_in(NAMES[1], "link", "set", "usbgw0", "up")
            ping(NAMES[1], "10.8.0.2", "-M", "do", "-s", "1472")
            ping(NAMES[1], "fd08::2", "-s", "1452")
        expect(echo.counters.get("pings_answered") == 6, f"pings: {echo.counters}")


def main():
    peer = sys.argv[1]
    if os.geteuid() != 0 or sh("ip", "netns", "add", NAMES[0], check=False).returncode != 0:
        print("skipped: network namespaces need root")
        return SKIP
    ip("netns", "del", NAMES[0])
    for name, run in (("af_packet", af_packet), ("af_xdp", af_xdp), ("memif", memif), ("tap", tap)):
        if name == "tap" and not os.path.exists("/dev/net/tun"):
            print("tap: skipped, no /dev/net/tun")
            continue
        began = time.monotonic()
        run(peer)
        print(f"{name}: carried, {time.monotonic() - began:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
