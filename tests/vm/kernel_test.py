#!/usr/bin/env python3
"""kernel.sh run twice at once on an empty cache: one run makes the folder, both print it.

The programs that it calls are stand-ins: nothing is downloaded.
Usage: kernel_test.py SOURCE_ROOT
"""
import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(sys.argv[1])
VERSION = "6.1.0-1-amd64"
STAND_INS = {
    "apt-cache": f"echo '  Depends: linux-image-{VERSION}'",
    # A fifo holds the first download until the test has started the second run.
    "apt-get": f'echo "$*" >>"$CALLS"; read -r go <"$GATE"; : >linux-image-{VERSION}_1_amd64.deb',
    "dpkg": f'mkdir -p "$3/lib/modules/{VERSION}" "$3/boot"; echo kernel >"$3/boot/vmlinuz-{VERSION}"',
    "depmod": ":",
    "modprobe": ":",
    "busybox": ":",
}


class Kernel(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.folder.name)
        (self.path / "bin").mkdir()
        for name, script in STAND_INS.items():
            program = self.path / "bin" / name
            program.write_text(f"#!/bin/sh\n{script}\n")
            program.chmod(0o755)
        self.calls, self.gate = self.path / "calls", self.path / "gate"
        self.calls.touch()
        os.mkfifo(self.gate)
        self.environment = dict(os.environ, PATH=f"{self.path}/bin:{os.environ['PATH']}", CALLS=str(self.calls),
                                GATE=str(self.gate), USBGW_VM_CACHE=str(self.path / "cache"), USBGW_VM_KERNEL="")

    def tearDown(self):
        self.folder.cleanup()

    def start(self):
        run = subprocess.Popen([SOURCE / "tests/vm/kernel.sh"], env=self.environment, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
        self.addCleanup(self.end, run)
        return run

    def end(self, run):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(run.pid, signal.SIGKILL)

    def test_two_at_once_make_one_kernel(self):
        first = self.start()
        # Opens when the first run is in its download.
        with open(self.gate, "w", encoding="ascii") as gate:
            second = self.start()
            self.assertIn("waiting", second.stderr.readline())
            gate.write("go\n")
        wanted = str(self.path / "cache" / VERSION) + "\n"
        for run in (first, second):
            out, err = run.communicate(timeout=60)
            self.assertEqual((run.returncode, out), (0, wanted), err)
        self.assertEqual(self.calls.read_text().splitlines(), [f"download linux-image-{VERSION}"])
        self.assertEqual((self.path / "cache" / VERSION / "vmlinuz").read_text(), "kernel\n")
        self.assertTrue((self.path / "cache" / VERSION / "initramfs.gz").exists())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
