#!/usr/bin/env python3
"""Fails when docs/configuration.md and the readers in config/ do not name the same keys.

Usage: documented_keys.py SOURCE_ROOT
"""
import pathlib
import re
import sys

# Which reader fills which section (config/sections.h).
SECTIONS = {
    "read_node": ["node"], "read_dataplane": ["dataplane"], "read_link": ["dataplane", "second_path"], "read_control": ["control"],
    "read_security": ["security"], "read_rules": ["allow", "deny"], "read_workers": ["workers"],
    "read_admin": ["admin"], "read_streams": ["streams", "export"], "read_exports": ["export"],
    "read_peers": ["peer"], "read_attaches": ["attach"], "read_repair": ["repair"],
    "read_impairment": ["impairment"], "read_log": ["log"], "read_audit": ["audit"],
}
# Helpers that read a key of the section whose reader calls them.
HELPERS = {"read_port": "port", "read_vhci_port": "vhci_port"}
READS = re.compile(
    r'reader\.(?:text|boolean|number|duration|integer|optional_integer|parsed|optional_parsed|list|'
    r'choice|text_list)(?:<\w+(?:::\w+)*>)?\(\s*"(\w+)"|read_path\(reader, "(\w+)"|\b(read_port|read_vhci_port)\(reader\)')
FUNCTION = re.compile(r"^\S.*\b(read_\w+)\(.*\{$|^\S.*\b(read_\w+)\(", re.MULTILINE)


def read_keys(root):
    """{section: keys that its reader asks for}"""
    keys = {name: set() for names in SECTIONS.values() for name in names}
    for path in sorted((root / "config").glob("*_section.cpp")):
        text = path.read_text()
        starts = list(FUNCTION.finditer(text))
        for at, start in enumerate(starts):
            name = start.group(1) or start.group(2)
            end = starts[at + 1].start() if at + 1 < len(starts) else len(text)
            for read in READS.finditer(text, start.end(), end):
                key = read.group(1) or read.group(2) or HELPERS[read.group(3)]
                for section in SECTIONS.get(name, []):
                    keys[section].add(key)
    return keys


def documented_keys(root):
    """{section: keys in the first column of its table}"""
    keys, sections = {}, []
    for line in (root / "docs/configuration.md").read_text().splitlines():
        if line.startswith("## "):
            sections = re.findall(r"\[+(\w+)\]+", line)
            keys.update({section: set() for section in sections})
        elif row := re.match(r"\| `(\w+)` \|", line):
            for section in sections:
                keys[section].add(row.group(1))
    return keys


def main():
    root = pathlib.Path(sys.argv[1])
    read, documented = read_keys(root), documented_keys(root)
    faults = [f"[{section}] has no heading in docs/configuration.md" for section in read.keys() - documented.keys()]
    faults += [f"[{section}] is documented and not read" for section in documented.keys() - read.keys()]
    for section in read.keys() & documented.keys():
        faults += [f"{section}.{key} is read and not documented" for key in read[section] - documented[section]]
        faults += [f"{section}.{key} is documented and not read" for key in documented[section] - read[section]]
    for fault in sorted(faults):
        print(fault)
    count = sum(len(keys) for keys in read.values())
    print(f"{count} keys in {len(read)} sections")
    # Fewer means that this script no longer understands config/.
    return 1 if faults or count < 50 else 0


if __name__ == "__main__":
    sys.exit(main())
