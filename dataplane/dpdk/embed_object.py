#!/usr/bin/env python3
"""Writes a file's bytes as a C initialiser list. Usage: embed_object.py INPUT OUTPUT"""
import pathlib
import sys

data = pathlib.Path(sys.argv[1]).read_bytes()
lines = [",".join(str(byte) for byte in data[at:at + 24]) for at in range(0, len(data), 24)]
pathlib.Path(sys.argv[2]).write_text(",\n".join(lines) + "\n")
