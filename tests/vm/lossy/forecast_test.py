#!/usr/bin/env python3
"""forecast_test.py USBGW SOURCE_ROOT: what forecast.py leaves for the scenario, and what it says."""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

USBGW, SOURCE = sys.argv[1], pathlib.Path(sys.argv[2])


class Forecast(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.folder.name)

    def tearDown(self):
        self.folder.cleanup()

    def forecast(self, **options):
        done = subprocess.run([sys.executable, SOURCE / "tests/vm/lossy/forecast.py", self.path], capture_output=True,
                              text=True, check=False, env={**os.environ, "usbgw": USBGW, **options})
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout, [line.split(" ") for line in (self.path / "networks").read_text().splitlines()]

    def test_each_network_has_an_interval_and_the_same_loss_for_netem(self):
        said, networks = self.forecast(losses="10", seconds="0.5", rtt_us="2000")
        self.assertEqual([network[0] for network in networks], ["10%_independent", "10%_correlated"])
        self.assertEqual(networks[0][3:], "delay 1000us loss random 10%".split())
        self.assertEqual(networks[1][3:], "delay 1000us loss gemodel 3.70370% 33.33333%".split())
        for _, least, greatest, *_ in networks:
            self.assertLess(int(least), int(greatest))
        self.assertRegex(said, r"10% independent: (9|10)\.\d+ % lost, \d+ to \d+ intervals concealed with 95 %")

    def test_loss_that_is_repaired_conceals_nothing(self):
        _, networks = self.forecast(losses="1", kinds="independent", seconds="0.5", rtt_us="2000",
                                    repair='scheme = "rs"\ndata = 2\nrepair = 4\nspread = "500us"')
        self.assertEqual(networks[0][:3], ["1%_independent", "0", "0"])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
