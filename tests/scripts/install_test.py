#!/usr/bin/env python3
"""Installs a build into an empty folder and uses what is there.

Usage: install_test.py BUILD_ROOT
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

BUILD = pathlib.Path(sys.argv[1])


def run(*command, **more):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=120, check=False,
                          stdin=subprocess.DEVNULL, **more)


@unittest.skipUnless(shutil.which("meson"), "no meson")
class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.installed = run("meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", cls.folder.name)
        # Whatever the prefix is, the program is in its bin.
        cls.program = next(pathlib.Path(cls.folder.name).rglob("bin/usbgw"), None)

    def setUp(self):
        self.assertEqual(self.installed.returncode, 0, self.installed.stdout + self.installed.stderr)
        self.assertIsNotNone(self.program)
        self.prefix = self.program.parent.parent

    def test_program_runs(self):
        self.assertRegex(run(self.program, "--version").stdout, r"^usbgw \d")

    def test_every_file_is_where_it_is_looked_for(self):
        for file in ("lib/systemd/system/usbgw@.service", "lib/sysusers.d/usbgw.conf", "lib/tmpfiles.d/usbgw.conf",
                     "lib/modules-load.d/usbgw.conf", "lib/udev/rules.d/70-usbgw.rules", "share/usbgw/demo.toml",
                     "share/usbgw/studio-agent.toml", "share/usbgw/studio-host.toml",
                     "share/doc/usbgw/docs/configuration.md"):
            self.assertTrue((self.prefix / file).is_file(), file)

    def test_unit_names_the_installed_program(self):
        where = "/" + str(self.prefix.relative_to(self.folder.name))
        unit = (self.prefix / "lib/systemd/system/usbgw@.service").read_text()
        self.assertIn(f"\nExecStart={where}/bin/usbgw --config /etc/usbgw/%i.toml\n", unit)
        self.assertIn(f"\nDocumentation=file://{where}/share/doc/usbgw/docs/configuration.md\n", unit)

    def test_installed_demo_finds_its_configuration(self):
        # A file in the place of the output folder ends it once the configuration is read.
        blocked = pathlib.Path(self.folder.name) / "file"
        blocked.touch()
        done = run(self.program, "demo", "--no-kernel", "--output", blocked / "out", cwd=self.folder.name)
        self.assertIn(f"usbgw: {blocked}/out: ", done.stderr)

    def test_installed_examples_are_right_once_their_keys_are_made(self):
        examples = self.prefix / "share/usbgw"
        for words in (("init",), ("issue", "stage-box"), ("issue", "control-room")):
            made = run(self.program, "keys", *words, "--directory", examples / "keys")
            self.assertEqual(made.returncode, 0, made.stderr)
        for name in ("studio-agent", "studio-host"):
            checked = run(self.program, "--config", examples / f"{name}.toml", "--check")
            self.assertEqual(checked.returncode, 0, checked.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
