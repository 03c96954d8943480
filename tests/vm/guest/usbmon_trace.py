#!/usr/bin/env python3
"""usbmon_trace.py USB-NAME OUTPUT COMPLETIONS [HEADER-LINE...]: what the sound driver asks of one device.

Reads the bus of the device (as "1-1") through /dev/usbmonN, from when it says "ready" on the FIFO OUTPUT.ready
until SIGTERM, and writes what happened from the beginning of the stream until COMPLETIONS isochronous URBs were
completed, one line each, in order:

    S ENDPOINT LENGTHS          an URB is submitted; the requested length of each packet
    C ENDPOINT [LENGTHS]        an URB is completed; IN: what came in each packet
    C ENDPOINT LENGTH VALUE     ... of the feedback endpoint: the value, little endian
    P                           the program prepares the stream
    T                           the stream is triggered
    W BYTES                     the program has written: the driver may send that much more

ENDPOINT is its address in hexadecimal, LENGTHS are bytes: 24 is one packet, 7*24 is seven. A packet with an
error has ! and the status after its length. What the program does is no USB, so usbmon does not see it, but the
driver's low-latency mode depends on it: kernel probes record it, and one on usbmon's own functions says where
in usbmon's sequence it belongs.
"""
import ctypes
import errno
import fcntl
import os
import re
import signal
import struct
import sys

TRACING = "/sys/kernel/tracing"
# Name and place of each probe. usbmon's functions run once for each event of the one reader.
PROBES = {
    "submitted": "mon_bin_submit",
    "completed": "mon_bin_complete",
    "prepare": "snd_usb_pcm_prepare",
    "play_trigger": "snd_usb_substream_playback_trigger command=%si:s32",
    "record_trigger": "snd_usb_substream_capture_trigger command=%si:s32",
    "copy": "default_write_copy bytes=%r8:u64",  # sound/core/pcm_lib.c: its fifth argument
    "ack": "snd_usb_pcm_playback_ack",
}
TRIGGER_START = 1  # include/sound/pcm.h
# drivers/usb/mon/mon_bin.c
HEADER = struct.Struct("=Q4BH2bqiiII8siiII")
PACKET = struct.Struct("=iIII")
MON_IOCT_RING_SIZE, MON_IOCX_GETX = 0x9204, 0x4018920A
RING_BYTES = 1200 * 1024  # the most it takes; what comes when it is full is lost, and only the beginning counts
ISOCHRONOUS = 0
STOPPED = (-errno.ENOENT, -errno.ECONNRESET, -errno.ESHUTDOWN, -errno.ENODEV)


def write(name, text):
    with open(f"{TRACING}/{name}", "w", encoding="ascii") as file:
        file.write(text)


class Probes:
    """The order of everything, from the kernel's trace buffer."""

    def __init__(self):
        if not os.path.exists(f"{TRACING}/events/usbmon_trace"):
            probes = (f"p:usbmon_trace/{name} {place}\n" for name, place in PROBES.items())
            write("kprobe_events", "".join(probes))
            write("buffer_size_kb", "8192")
        write("trace", "")
        write("events/usbmon_trace/enable", "1")

    def take(self):
        """Ends recording. Gives (name, value of its argument or 0)."""
        write("events/usbmon_trace/enable", "0")
        with open(f"{TRACING}/trace", encoding="ascii") as file:
            text = file.read()
        kept, written = map(int, re.search(r"entries-in-buffer/entries-written: (\d+)/(\d+)", text).groups())
        if kept != written:
            raise SystemExit(f"usbmon_trace: {written - kept} probe events lost")
        events = re.findall(r"^[^#].*: (\w+): \([^)]*\)(?: \w+=(-?\d+))?", text, re.MULTILINE)
        return [(name, int(value or 0)) for name, value in events]


class Usbmon:
    """One reader of one bus."""

    def __init__(self, bus):
        self.file = os.open(f"/dev/usbmon{bus}", os.O_RDONLY | os.O_NONBLOCK)
        fcntl.ioctl(self.file, MON_IOCT_RING_SIZE, RING_BYTES)
        self.header = ctypes.create_string_buffer(HEADER.size)
        self.data = ctypes.create_string_buffer(RING_BYTES // 4)
        self.request = struct.pack("PPN", ctypes.addressof(self.header), ctypes.addressof(self.data), len(self.data))

    def take(self):
        """The next event as a dictionary, None when there is no more."""
        try:
            fcntl.ioctl(self.file, MON_IOCX_GETX, self.request)
        except BlockingIOError:
            return None
        (_, kind, transfer, endpoint, device, _, _, _, _, _, status, _, captured, _, _, _, _, packets) = HEADER.unpack(
            self.header.raw
        )
        packets_end = packets * PACKET.size
        data = ctypes.string_at(self.data, captured)
        return {
            "kind": chr(kind),
            "isochronous": transfer == ISOCHRONOUS,
            "endpoint": endpoint,
            "device": device,
            "status": status,
            "packets": list(PACKET.iter_unpack(data[:packets_end])),
            "data": data[packets_end:],
        }


def merged(probes, usbmon):
    """All events in order: those of the probes, with usbmon's own in the places of its functions."""
    for name, value in probes:
        if name in ("submitted", "completed"):
            event = usbmon.take()
            if event is None:
                return
            if event["kind"] != ("S" if name == "submitted" else "C"):
                raise SystemExit("usbmon_trace: the probes do not fit usbmon's events")
            yield name, event
        else:
            yield name, value


def lengths(packets, is_completion):
    """The packets' lengths, equal neighbours together."""
    words = []
    for status, _, length, _ in packets:
        word = f"{length}!{status}" if is_completion and status else str(length)
        if words and words[-1][1] == word:
            words[-1][0] += 1
        else:
            words.append([1, word])
    return " ".join(word if count == 1 else f"{count}*{word}" for count, word in words)


def usb_line(event):
    """None: the URB was unlinked."""
    line = f"{event['kind']} {event['endpoint']:02x}"
    is_completion = event["kind"] == "C"
    if is_completion and event["status"] in STOPPED:
        return None
    packets = event["packets"]
    if not is_completion or event["endpoint"] & 0x80:
        line += " " + lengths(packets, is_completion)
    if is_completion and len(packets) == 1 and 3 <= len(event["data"]) <= 4:
        line += f" 0x{int.from_bytes(event['data'], 'little'):08x}"
    return line


def reduce(events, device, limit):
    """The lines, until the completion after the last that counts."""
    completions = 0
    copied = 0
    for name, event in events:
        if name in ("submitted", "completed"):
            if not event["isochronous"] or event["device"] != device:
                continue
            completions += name == "completed"
            line = usb_line(event)
            if line is None or completions > limit:
                return
            yield line
        elif name == "copy":
            copied = event
        elif name == "ack":
            yield f"W {copied}"
        elif name == "prepare":
            yield "P"
        elif name.endswith("trigger") and event == TRIGGER_START:
            yield "T"


def main():
    name, output, limit = sys.argv[1], sys.argv[2], int(sys.argv[3])
    folder = f"/sys/bus/usb/devices/{name}"
    numbers = [int(open(f"{folder}/{what}", encoding="ascii").read()) for what in ("busnum", "devnum")]
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    usbmon = Usbmon(numbers[0])
    probes = Probes()
    with open(f"{output}.ready", "w", encoding="ascii") as fifo:
        fifo.write("ready\n")
    signal.sigwait({signal.SIGTERM})
    lines = list(reduce(merged(probes.take(), usbmon), numbers[1], limit))
    with open(output, "w", encoding="ascii") as file:
        for line in sys.argv[4:] + lines:
            file.write(line + "\n")


if __name__ == "__main__":
    main()
