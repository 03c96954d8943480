#!/usr/bin/env python3
"""pcap_audio.py PCAP FRAMES_FILE: judges the counter pattern that QEMU recorded on a usb-audio device.

PCAP is what "-device usb-audio,pcap=" writes (Linux usbmon records, LINKTYPE_USB_LINUX_MMAPPED). The last
playing in it, from counter 1 on, must be FRAMES long but for its last 20 ms. Prints the result line.
"""
import pathlib
import struct
import sys

LINKTYPE_USB_LINUX_MMAPPED = 220
HEADER_BYTES = 64  # Documentation/usb/usbmon.rst, struct usbmon_packet
ISO_DESCRIPTOR_BYTES = 16
ISOCHRONOUS = 0
TAIL_FRAMES = 960


def records(data):
    magic, _, _, _, _, _, link = struct.unpack_from("<IHHiIII", data)
    if magic != 0xA1B2C3D4 or link != LINKTYPE_USB_LINUX_MMAPPED:
        raise ValueError("not a usbmon capture")
    at = 24
    while at + 16 <= len(data):
        captured = struct.unpack_from("<I", data, at + 8)[0]
        yield data[at + 16 : at + 16 + captured]
        at += 16 + captured


def played_bytes(data):
    """The data of all isochronous OUT packets, in order."""
    out = bytearray()
    for record in records(data):
        if len(record) < HEADER_BYTES:
            continue
        kind, transfer, endpoint = record[8], record[9], record[10]
        if kind == ord("S") and transfer == ISOCHRONOUS and endpoint & 0x80 == 0:
            descriptors = struct.unpack_from("<I", record, 60)[0]
            out += record[HEADER_BYTES + descriptors * ISO_DESCRIPTOR_BYTES :]
    return bytes(out)


def judge(counters, frames):
    """missing, repeated, altered of the last playing: from its counter 1 to within 20 ms of its end."""
    starts = [i for i, counter in enumerate(counters) if counter == 1]
    start = starts[-1] if starts else 0
    missing, repeated, altered = 0, 0, 0
    expected = 1
    for i in range(start, len(counters)):
        if expected > frames - TAIL_FRAMES:
            break
        counter = counters[i]
        runs_on = i + 1 < len(counters) and counter != 0 and counters[i + 1] == counter + 1
        if counter != expected and runs_on:
            missing += max(0, counter - expected)
            repeated += max(0, expected - counter)
            expected = counter
        elif counter != expected:
            altered += 1
        expected += 1
    missing += max(0, frames - TAIL_FRAMES - expected + 1)
    return missing, repeated, altered


def main():
    data = played_bytes(pathlib.Path(sys.argv[1]).read_bytes())
    frames = int(pathlib.Path(sys.argv[2]).read_text())
    counters = [frame[0] for frame in struct.iter_unpack("<I", data[: len(data) // 4 * 4])]
    missing, repeated, altered = judge(counters, frames)
    print(f"qemu_audio: {frames} samples, {missing} missing, {repeated} repeated, {altered} altered")
    return 0 if (missing, repeated, altered) == (0, 0, 0) else 1


if __name__ == "__main__":
    sys.exit(main())
