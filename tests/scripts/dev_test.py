#!/usr/bin/env python3
"""What ./dev says before it installs or builds anything.

Usage: dev_test.py SOURCE_ROOT
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(sys.argv[1])


class Dev(unittest.TestCase):
    """A tree with the real ./dev and scripts, whose set-up and build only say that they were run."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.tree = pathlib.Path(folder.name)
        shutil.copy(SOURCE / "dev", self.tree)
        shutil.copytree(SOURCE / "scripts", self.tree / "scripts")
        for name in ("setup", "build"):
            (self.tree / "scripts" / f"{name}.sh").write_text(f'#!/bin/sh\necho {name} "$@"\n')
        (self.tree / "tests" / "vm").mkdir(parents=True)
        os.symlink(SOURCE / "benchmarks", self.tree / "benchmarks")
        os.symlink(SOURCE / "tests" / "vm" / "scenarios", self.tree / "tests" / "vm" / "scenarios")
        self.benchmarks = set()
        for file in (SOURCE / "benchmarks").glob("*/meson.build"):
            self.benchmarks.update(re.findall(r"executable\('(\w+)'", file.read_text()))

    def program(self, path, text):
        path = self.tree / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def dev(self, *arguments):
        done = subprocess.run([self.tree / "dev", *arguments], capture_output=True, text=True, timeout=60,
                              stdin=subprocess.DEVNULL, check=False)
        return done.returncode, done.stdout, done.stderr

    def listed(self, text):
        """The names of a list whose every line says what its entry is."""
        lines = [line.split(maxsplit=1) for line in text.splitlines()[1:]]
        self.assertTrue(all(len(line) == 2 for line in lines), text)
        return {line[0] for line in lines}

    def test_benchmarks_are_listed_without_a_build(self):
        code, out, err = self.dev("bench")
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(self.listed(out), self.benchmarks)

    def test_benchmark_that_is_none_is_told_which_there_are(self):
        code, out, err = self.dev("bench", "nosuch")
        self.assertEqual((code, out), (2, ""))
        self.assertTrue(err.startswith("bench: no benchmark 'nosuch'; there are:\n"), err)
        self.assertEqual(self.listed(err), self.benchmarks)

    def test_benchmark_alone_is_built_and_run(self):
        for path in ("dataplane/session_benchmark", "timing/soak"):
            self.program(f"build/benchmarks/{path}", 'echo run "$@"')
        self.assertEqual(self.dev("bench", "session_benchmark", "--check")[1],
                         "setup\nbuild benchmarks/dataplane/session_benchmark\nrun --benchmark_min_time=0.001\n")
        self.assertEqual(self.dev("bench", "soak", "--check")[1], "setup\nbuild benchmarks/timing/soak\nrun --check\n")

    def test_scenarios_are_listed_without_a_build(self):
        scenarios = {file.stem for file in (SOURCE / "tests" / "vm" / "scenarios").glob("*.sh")}
        code, out, _ = self.dev("vm")
        self.assertEqual((code, self.listed(out)), (0, scenarios))
        code, out, err = self.dev("vm", "nosuch")
        self.assertEqual((code, out, self.listed(err)), (2, "", scenarios))
        self.assertTrue(err.startswith("vm: no scenario 'nosuch'; there are:\n"), err)

    def test_demo_builds_the_program_alone(self):
        self.program("build/app/usbgw", 'echo usbgw "$@"')
        self.assertEqual(self.dev("demo", "--seconds", "2"),
                         (0, "setup\nbuild app/usbgw\nusbgw demo --seconds 2\n", ""))

    def test_command_that_is_none_is_told_which_there_are(self):
        code, out, err = self.dev("nosuch")
        self.assertEqual((code, out), (2, ""))
        self.assertIn("dev: no command 'nosuch'", err)
        self.assertIn("bench", err)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
