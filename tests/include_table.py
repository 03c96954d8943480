#!/usr/bin/env python3
"""Fails on an #include that docs/architecture.md's folder table forbids.

Usage: include_table.py SOURCE_ROOT
"""
import pathlib
import re
import sys

FLOOR3 = {"wire", "crypto", "fec", "qos"}
ALLOWED = {
    "common": set(),
    "wire": {"common"},
    "crypto": {"common"},
    "fec": {"common"},
    "qos": {"common"},
    "config": {"common"},
    "dataplane/session": {"common", "wire", "crypto", "fec", "qos"},
    "dataplane/dpdk": {"common", "wire", "qos", "dataplane/session"},
    "usbside/device": {"common", "wire", "qos"},
    "usbside/host": {"common", "wire"},
    "control": {"common", "wire", "crypto", "qos"},
    "node": {"common", "wire", "crypto", "fec", "qos", "config", "dataplane/session",
             "usbside/device", "usbside/host", "control"},
}
ALLOWED["simulation"] = ALLOWED["node"] | {"node"}
ALLOWED["app"] = set(ALLOWED) | {"app"}

# Headers of the outside that belong to one folder.
OWNED = [
    (re.compile(r"^rte_"), {"dataplane/dpdk"}),
    (re.compile(r"^(libusb-1\.0/)?libusb\.h"), {"usbside/device/libusb"}),
    (re.compile(r"^openssl/"), {"crypto"}),
    (re.compile(r"^toml\+\+|^toml\.hpp"), {"config"}),
    (re.compile(r"^(CLI/|cap-ng\.h)"), {"app"}),
]
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def folder_of(path, names):
    """The longest table name that is a prefix of the path."""
    best = None
    for name in names:
        if path == name or path.startswith(name + "/"):
            if best is None or len(name) > len(best):
                best = name
    return best


def main():
    root = pathlib.Path(sys.argv[1])
    faults = []
    checked = 0
    for folder in ALLOWED:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix not in (".h", ".cpp"):
                continue
            relative = path.relative_to(root).as_posix()
            home = folder_of(relative, ALLOWED)
            if home != folder:
                continue
            checked += 1
            for number, line in enumerate(path.read_text().splitlines(), 1):
                match = INCLUDE.match(line)
                if not match:
                    continue
                quote, target = match.groups()
                where = f"{relative}:{number}"
                for pattern, homes in OWNED:
                    if pattern.match(target) and folder_of(relative, homes) is None:
                        faults.append(f"{where}: {target} belongs to {', '.join(sorted(homes))}")
                if quote != '"':
                    continue
                used = folder_of(target, ALLOWED)
                if used is None:
                    if not (root / target).exists() and not target.endswith(".pb.h"):
                        faults.append(f"{where}: {target} is not a path from the source root")
                elif used != home and used not in ALLOWED[home]:
                    faults.append(f"{where}: {home}/ may not include {used}/ ({target})")
                elif target.startswith("usbside/device/libusb/") and home not in ("app", "usbside/device"):
                    faults.append(f"{where}: only app/ may use {target}")
    for fault in faults:
        print(fault)
    print(f"include_table: {checked} files, {len(faults)} forbidden includes")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
