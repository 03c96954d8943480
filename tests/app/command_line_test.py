#!/usr/bin/env python3
"""Runs usbgw as a person does and looks at exit status, standard output and standard error.

Usage: command_line_test.py USBGW SOURCE_ROOT
"""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

USBGW, SOURCE = sys.argv[1], pathlib.Path(sys.argv[2])


def usbgw(*arguments):
    done = subprocess.run([USBGW, *map(str, arguments)], capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL, check=False)
    return done.returncode, done.stdout, done.stderr


class Answerer:
    """A usbgw that answers a request with a fixed line; of a list, the next request with the next."""

    def __init__(self, path, reply):
        self.reply, self.request = reply, None
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        if isinstance(self.reply, list):
            self.request = [self.serve_one(reply) for reply in self.reply]
        else:
            self.request = self.serve_one(self.reply)

    def serve_one(self, reply):
        connection, _ = self.listener.accept()
        with connection, connection.makefile("rw") as stream:
            request = json.loads(stream.readline())
            stream.write(json.dumps(reply) + "\n")
            return request

    def join(self):
        self.thread.join(60)
        self.listener.close()
        return self.request


class CommandLine(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.folder.name)

    def tearDown(self):
        self.folder.cleanup()

    def write(self, text):
        file = self.path / "f.toml"
        file.write_text(text)
        return file

    def ask(self, reply, *arguments):
        path = self.path / "n.sock"
        server = Answerer(path, reply)
        result = usbgw(*arguments, "--socket", path)
        request = server.join()
        os.unlink(path)
        return result, request

    def test_version(self):
        code, out, _ = usbgw("--version")
        self.assertEqual(code, 0)
        self.assertRegex(out, r"^usbgw \d+\.\d+\.\d+\n$")

    def test_help_names_every_command(self):
        code, out, _ = usbgw("--help")
        self.assertEqual(code, 0)
        for command in ("list", "attach", "detach", "status", "doctor", "demo", "plan", "softdevice", "keys", "--config"):
            self.assertIn(command, out)

    def test_wrong_usage_is_one_line_and_2(self):
        for arguments in ((), ("--nonsense",), ("lst",), ("attach",), ("list", "--jsno"), ("--config",),
                          ("demo", "--seconds", "never"),
                          ("demo", "--virtual", "--seeds", "5-1"), ("demo", "--json"), ("attach", "not-a-device"), ("--check",),
                          ("--check", "list"), ("list", "status")):
            code, out, err = usbgw(*arguments)
            self.assertEqual((code, out, err.count("\n")), (2, "", 1), arguments)
            self.assertTrue(err.startswith("usbgw: "), err)

    def test_what_is_not_known_is_named_with_the_nearest(self):
        for arguments, text in (
                (("atach", "x"), 'usbgw has no command "atach"; did you mean attach? see usbgw --help'),
                (("nonsense",), 'usbgw has no command "nonsense"; see usbgw --help'),
                (("--confg=f",), 'usbgw has no option "--confg=f"; did you mean --config? see usbgw --help'),
                (("list", "--jsno"), 'usbgw list has no option "--jsno"; did you mean --json? see usbgw list --help'),
                (("attach", "--vhci-prt", "3"), 'usbgw attach has no option "--vhci-prt"; did you mean --vhci-port? '
                                                "see usbgw attach --help"),
                (("keys", "isue", "n"), 'usbgw keys has no command "isue"; did you mean issue? see usbgw keys --help'),
                (("list", "status"), 'usbgw list has no argument "status"; see usbgw list --help'),
                (("attach",), "device is required; see usbgw attach --help")):
            self.assertEqual(usbgw(*arguments), (2, "", f"usbgw: {text}\n"))

    def test_shipped_examples_pass_check_with_the_keys_that_they_name(self):
        usbgw("keys", "init", "--directory", self.path / "keys")
        for name in ("stage-box", "control-room"):
            usbgw("keys", "issue", name, "--directory", self.path / "keys")
        for name in ("demo", "studio-agent", "studio-host"):
            file = self.path / f"{name}.toml"
            shutil.copy(SOURCE / "config" / file.name, file)
            code, out, err = usbgw("--config", file, "--check")
            self.assertEqual((code, out), (0, f"{file}: ok\n"), err)

    def assert_refused(self, file, *lines):
        """By --check and at the start alike, with these lines and no other."""
        for check in ((), ("--check",)):
            code, out, err = usbgw("--config", file, *check)
            self.assertEqual((code, out, err.count("\n")), (2, "", len(lines)), err)
            for line in lines:
                self.assertIn(f"usbgw: {line}", err)

    def test_key_files_that_are_not_there_are_named(self):
        file = self.write('[node]\nname="n"\nroles=["host"]\n[dataplane]\nport="tap:t"\n'
                          'address="10.0.0.1/24"\n[security]\npsk_file="no.psk"\n')
        self.assert_refused(file, f"{file}:8: security.psk_file: cannot read {self.path}/no.psk: No such file or "
                                  "directory; `usbgw keys` makes")

    def test_every_key_file_that_is_not_there_is_a_line(self):
        file = self.node_file()
        for name in ("authority.pem", "stage.key"):
            (self.path / name).unlink()
        self.assert_refused(file, f"{file}:11: security.ca: cannot read {self.path}/authority.pem",
                            f"{file}:13: security.key: cannot read {self.path}/stage.key")

    @unittest.skipIf(os.geteuid() == 0, "root reads everything")
    def test_key_that_may_not_be_read_is_named(self):
        file = self.node_file()
        (self.path / "stage.key").chmod(0)
        self.assert_refused(file, f"{file}:13: security.key: cannot read {self.path}/stage.key: Permission denied; "
                                  "start usbgw as root or as the file's owner")

    def test_certificate_of_another_name_is_refused(self):
        file = self.node_file(key="other.key", certificate="other.pem")
        self.assert_refused(file, f'{file}:2: node.name: "stage" is not the name in security.certificate '
                                  f'{self.path}/other.pem, "other"; write that name, or make a certificate with '
                                  '`usbgw keys issue stage`')

    def test_authority_that_did_not_sign_is_refused(self):
        file = self.node_file()
        usbgw("keys", "init", "--directory", self.path / "others")
        shutil.copy(self.path / "others" / "authority.pem", self.path)
        self.assert_refused(file, f"{file}:11: security.ca: {self.path}/authority.pem did not sign "
                                  f"security.certificate {self.path}/stage.pem; take the authority.pem")

    def test_every_problem_of_a_file_is_a_line(self):
        file = self.write('[node]\nname="n"\n[dataplane]\nport="ring"\nmtuu=1\nvlan=5000\n')
        for check in ((), ("--check",)):
            code, out, err = usbgw("--config", file, *check)
            self.assertEqual((code, out), (2, ""))
            self.assertEqual(len(err.splitlines()), 2)
            self.assertIn(f'usbgw: {file}:5: dataplane.mtuu: unknown key; did you mean "mtu"?', err)
            self.assertIn(f"usbgw: {file}:6: dataplane.vlan: 5000 is out of range", err)

    def test_layers_finding_has_its_line(self):
        file = self.write('[node]\nname="n"\nroles=["host"]\n[dataplane]\nport="af_xdp:eth1"\nmtu=9000\n'
                          'address="10.0.0.1/24"\n[security]\npsk_file="k"\n')
        code, _, err = usbgw("--config", file, "--check")
        self.assertEqual((code, err.count("\n")), (2, 1))
        self.assertTrue(err.startswith(f"usbgw: {file}:6: dataplane.mtu: 9000 is not what a port of type af_xdp "
                                       "carries; allowed: 1280 to 3498 ("), err)

    def test_ring_with_one_role_is_refused_by_check(self):
        for role, other in (("agent", "an agent"), ("host", "a host")):
            file = self.write(f'[node]\nname="n"\nroles=["{role}"]\n[dataplane]\nport="ring"\n')
            for check in ((), ("--check",)):
                self.assert_one_line(usbgw("--config", file, *check), 2,
                                     f'{file}:5: dataplane.port: "ring" joins an agent and a host in one process, and '
                                     f'this node is only {other}')

    def test_unknown_software_device_is_named_with_its_line(self):
        file = self.write('[node]\nname="n"\nroles=["agent","host"]\n[dataplane]\nport="ring"\n[[allow]]\ndevice="*"\n'
                          '[[export]]\ndevice="software:uac3"\n')
        code, _, err = usbgw("--config", file, "--check")
        self.assertEqual(code, 2)
        self.assertIn(f'usbgw: {file}:9: export[1].device: no software device is called "uac3"; did you '
                      'mean "uac', err)

    def test_keys_make_an_authority_and_identities_once(self):
        folder = self.path / "keys"
        code, _, err = usbgw("keys", "issue", "room", "--directory", folder)
        self.assertEqual(code, 1)
        self.assertIn("run: usbgw keys init", err)
        code, out, _ = usbgw("keys", "init", "--directory", folder)
        self.assertEqual(code, 0)
        self.assertIn(f"wrote {folder}/authority.pem\n", out)
        code, out, _ = usbgw("keys", "issue", "room", "--directory", folder, "--json")
        self.assertEqual((code, json.loads(out)), (0, {"files": [f"{folder}/room.pem", f"{folder}/room.key"]}))
        for secret in ("authority.key", "room.key"):
            self.assertEqual((folder / secret).stat().st_mode & 0o777, 0o600)
        before = (folder / "room.key").read_text()
        for again in (("init",), ("issue", "room")):
            code, _, err = usbgw("keys", *again, "--directory", folder)
            self.assertEqual((code, err.count("\n")), (1, 1))
            self.assertIn("exists and is not overwritten", err)
        self.assertEqual((folder / "room.key").read_text(), before)

    def test_keys_verify_with_openssl(self):
        usbgw("keys", "init", "--directory", self.path)
        usbgw("keys", "issue", "room", "--directory", self.path)
        verified = subprocess.run(["openssl", "verify", "-CAfile", self.path / "authority.pem", self.path / "room.pem"],
                                  capture_output=True, text=True, check=False)
        self.assertEqual(verified.returncode, 0, verified.stderr)

    def test_keys_psk(self):
        code, _, _ = usbgw("keys", "psk", "room", "--directory", self.path)
        self.assertEqual(code, 0)
        self.assertRegex((self.path / "room.psk").read_text(), r"^room:[0-9a-f]{64}\n$")
        self.assertEqual((self.path / "room.psk").stat().st_mode & 0o777, 0o600)

    def test_keys_wrong_name_is_refused(self):
        for command in ("issue", "psk"):
            code, _, err = usbgw("keys", command, "a/b", "--directory", self.path)
            self.assertEqual((code, err.count("\n")), (2, 1), err)
            self.assertEqual(list(self.path.iterdir()), [])

    def test_softdevice_usage(self):
        code, out, _ = usbgw("softdevice", "--help")
        self.assertEqual(code, 0)
        self.assertIn("uac2: ", out)
        for arguments in (("softdevice",), ("softdevice", "uac2"),
                          ("softdevice", "uac2", "--vhci-port", "0", "--fault", "explode@5"),
                          ("softdevice", "uac2", "--vhci-port", "0", "--vendor", "12"),
                          ("softdevice", "nonsense", "--vhci-port", "0")):
            code, out, err = usbgw(*arguments)
            self.assertEqual((code, out, err.count("\n")), (2, "", 1), arguments)

    def test_config_that_is_not_there(self):
        code, _, err = usbgw("--config", "/nonexistent.toml")
        self.assertEqual((code, err),
                         (2, "usbgw: /nonexistent.toml: cannot be read: No such file or directory\n"))

    def node_file(self, role="agent", port=None, key="stage.key", certificate="stage.pem", more="",
                  user=None):
        if not (self.path / "stage.key").exists():
            usbgw("keys", "init", "--directory", self.path)
            for name in ("stage", "other"):
                usbgw("keys", "issue", name, "--directory", self.path)
        port = port or f"memif:{self.path}/m.sock,server"
        user = f'user="{user}"\n' if user else ""
        return self.write(f'[node]\n{user}name="stage"\nroles=["{role}"]\n[dataplane]\nport="{port}"\n'
                          f'address="10.0.0.1/24"\n{more}\n[control]\nlisten="127.0.0.1:17443"\n'
                          f'[security]\nca="authority.pem"\ncertificate="{certificate}"\nkey="{key}"\n'
                          f'[admin]\nsocket="{self.path}/a.sock"\n')

    def assert_one_line(self, result, code, text):
        self.assertEqual((result[0], result[1], result[2].count("\n")), (code, "", 1), result[2])
        self.assertTrue(result[2].startswith("usbgw: "), result[2])
        self.assertIn(text, result[2])

    def assert_port_is_refused(self, port, text, *prefix):
        """One line that names file, line, key and port."""
        file = self.node_file(port=port)
        done = subprocess.run([*prefix, USBGW, "--config", file], capture_output=True, text=True, timeout=60,
                              stdin=subprocess.DEVNULL, check=False)
        self.assert_one_line((done.returncode, done.stdout, done.stderr), 1,
                             f"{file}:5: dataplane.port: port {port}: {text}")

    def test_port_that_is_not_there_is_named(self):
        self.assert_port_is_refused("0000:ff:1f.7", "no such PCI device; lspci -D lists them")
        self.assert_port_is_refused("af_packet:nosuch0", "no such interface; ip link lists them")
        self.assert_port_is_refused("af_xdp:nosuch0", "no such interface; ip link lists them")
        self.assert_port_is_refused("tap:lo", "there is an interface of this name, which is no tap")
        self.assert_port_is_refused("memif:/nonexistent/m.sock,client", "cannot make a socket in /nonexistent: ")

    def test_memif_server_whose_socket_is_taken(self):
        (self.path / "m.sock").write_text("")
        self.assert_port_is_refused(f"memif:{self.path}/m.sock,server", f"{self.path}/m.sock is there already; stop ")

    @unittest.skipUnless(os.geteuid() == 0 and shutil.which("setpriv"), "needs root and setpriv")
    def test_port_without_its_rights_names_them(self):
        for port, right in (("tap:usbgw-t0", "net_admin"), ("af_packet:lo", "net_raw")):
            self.assert_port_is_refused(port, f"no right to open it: CAP_{right.upper()} is missing; run as root, or: "
                                        f"setcap cap_{right}+ep ", "setpriv", f"--bounding-set=-{right}")

    def test_memif_client_waits_for_its_server(self):
        memif, waits = f"memif:{self.path}/m.sock", f"waiting for the memif server at {self.path}/m.sock"
        client, log = self.run_until_up(self.node_file(port=f"{memif},client"))
        self.assertEqual(log.count(waits), 1, log)
        server_file = self.write_other(self.node_file(port=f"{memif},server"))
        for _ in range(2):
            server, _ = self.run_until_up(server_file)
            self.assertIn(f"connected to the memif server at {self.path}/m.sock", client.stderr.readline())
            self.end(server)
            self.assertIn(f"the memif server at {self.path}/m.sock is gone; waiting for it", client.stderr.readline())
        self.end(client)

    def test_key_of_another_certificate_is_named(self):
        self.assert_refused(self.node_file(key="other.key"),
                            f"the key in {self.path}/other.key does not fit the certificate in {self.path}/stage.pem")

    def test_key_that_others_can_read_is_refused(self):
        file = self.node_file()
        (self.path / "stage.key").chmod(0o644)
        self.assert_refused(file, f"{self.path}/stage.key holds a secret and is accessible to everyone; run: chmod 600")

    def test_user_that_is_not_there_is_named(self):
        file = self.node_file(user="no-such-user")
        code, out, err = usbgw("--config", file, "--check")
        self.assertEqual((code, out), (0, f"{file}: ok\n"))
        self.assertIn(f'usbgw: note: {file}:2: node.user: this machine has no user "no-such-user"', err)
        self.assert_one_line(usbgw("--config", file), 2, f"{file}:2: node.user: this machine has no user")

    @unittest.skipIf(os.geteuid() == 0, "as root it can")
    def test_only_root_becomes_another(self):
        self.assert_one_line(usbgw("--config", self.node_file(user="root")), 1, "only root can become")

    def write_other(self, file):
        """The same node beside the first: with ports and a socket of its own."""
        other = self.path / "other.toml"
        other.write_text(file.read_text().replace("17443", "17444").replace("a.sock", "b.sock")
                         .replace("10.0.0.1/", "10.0.0.2/"))
        return other

    def run_until_up(self, file):
        """Starts a node; its log up to the line that says that it runs, and the process."""
        node = subprocess.Popen([USBGW, "--config", file], stderr=subprocess.PIPE, text=True)
        log = ""
        while " runs as " not in log:
            line = node.stderr.readline()
            self.assertTrue(line, log)
            log += line
        return node, log

    def end(self, node):
        node.terminate()
        _, rest = node.communicate(timeout=60)
        self.assertEqual(node.returncode, 0, rest)

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_root_becomes_the_configured_user(self):
        self.path.chmod(0o755)
        node, log = self.run_until_up(self.node_file(user="nobody"))
        self.assertIn("root's rights are dropped: nobody with no capability", log)
        for thread in pathlib.Path(f"/proc/{node.pid}/task").iterdir():
            status = dict(line.split(":\t", 1) for line in (thread / "status").read_text().splitlines())
            self.assertEqual(status["Uid"].split(), ["65534"] * 4, thread)
            self.assertEqual(int(status["CapEff"], 16) | int(status["CapPrm"], 16), 0, thread)
        self.assertEqual((self.path / "a.sock").stat().st_uid, 65534)
        self.end(node)

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_root_that_stays_is_mentioned(self):
        node, log = self.run_until_up(self.node_file())
        self.assertIn("node.user is not set", log)
        self.end(node)

    @unittest.skipIf(pathlib.Path("/sys/devices/platform/vhci_hcd.0").exists(), "vhci_hcd is loaded")
    def test_host_without_vhci_is_told_the_module(self):
        self.assert_one_line(usbgw("--config", self.node_file(role="host")), 1, "modprobe vhci-hcd")

    @unittest.skipIf(any(int(pages.read_text()) for pages in
                         pathlib.Path("/sys/kernel/mm/hugepages").glob("*/free_hugepages")), "there are hugepages")
    def test_hugepages_that_are_missing(self):
        self.assert_one_line(usbgw("--config", self.node_file(more="hugepages=true")), 1, "no free hugepages")

    def demo_file(self, device="software:loopback"):
        """The shipped demo with a socket of this test's own."""
        text = (SOURCE / "config" / "demo.toml").read_text()
        return self.write(text.replace("/tmp/usbgw-demo.sock", f"{self.path}/demo.sock")
                          .replace("software:loopback", device))

    def interrupt_demo(self, seen, signal_number):
        """Sends the signal once `seen` is printed; exit status, output and standard error."""
        demo = subprocess.Popen([USBGW, "demo", "--no-kernel", "--seconds", "600", "--config", self.demo_file(),
                                 "--output", self.path / "out"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True)
        out = ""
        while seen not in out:
            line = demo.stdout.readline()
            self.assertTrue(line, out)
            out += line
        demo.send_signal(signal_number)
        rest, err = demo.communicate(timeout=60)
        self.assertFalse((self.path / "demo.sock").exists())
        return demo.returncode, out + rest, err

    def test_interrupted_demo_keeps_its_recording(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            code, out, err = self.interrupt_demo("latency p50", number)
            self.assertEqual(code, 1, err)
            self.assertRegex(out.splitlines()[-1], r"^demo: interrupted; \d+ of \d+ frames as played")
            self.assertGreater((self.path / "out" / "recording.wav").stat().st_size, 48000 * 4 // 2)
            self.assertIn("RTT 8 ms, J = 4 ms, 0.7 % loss", (self.path / "out" / "latency.gnuplot").read_text())

    def test_demo_interrupted_at_its_start_ends_in_order(self):
        code, out, err = self.interrupt_demo("Playing", signal.SIGINT)
        self.assertEqual(code, 1, err)
        self.assertIn("interrupted", out + err)
        self.assertIn("for 600 s: driver model -> host -> link with RTT 8 ms, J = 4 ms, 0.7 % loss", out)

    def test_demo_refuses_a_device_that_is_not_audio(self):
        file = self.demo_file(device="software:hid")
        self.assert_one_line(usbgw("demo", "--no-kernel", "--config", file, "--output", self.path / "out"), 2,
                             f"{file}:41: attach[1].device: the demo plays audio, and software:hid is no audio device")

    def test_demo_needs_both_roles_in_its_process(self):
        file = self.node_file(role="host")
        self.assert_one_line(usbgw("demo", "--no-kernel", "--config", file, "--output", self.path / "out"), 2,
                             'the demo runs agent and host in one process; its port is "ring"')

    def test_virtual_demo_conceals_nothing_and_says_what_that_cost(self):
        code, out, err = usbgw("demo", "--virtual", "--config", self.demo_file(), "--seeds", "1-2", "--seconds", "3",
                               "--check")
        self.assertEqual(code, 0, out + err)
        lines = out.splitlines()
        self.assertEqual([line.split()[0] for line in lines[-3:]], ["1", "2", "demo:"])
        self.assertRegex(lines[-1], r"^demo: 2 seeds of 3 s, 0 of \d+ intervals concealed, 0 samples missing, 0 altered, "
                                    r"0 XRUNs; D 8.00 ms, RS\(4,3\) over 0.5 ms, 0\.\d+ % lost; symbols \d+ % in, "
                                    r"\d+ % out, bytes \+\d+ % in, \+\d+ % out; .* times real time")
        self.assertRegex(err, r"demo: 3 of 3")

    def test_virtual_demo_without_repair_is_heard_and_fails_its_check(self):
        text = pathlib.Path(self.demo_file()).read_text()
        begin, end = text.index("[repair]"), text.index("[[export]]")
        file = self.write(text[:begin] + '[repair]\nscheme = "none"\n' + text[end:])
        arguments = ("demo", "--virtual", "--config", file, "--seeds", "7", "--seconds", "3", "--json")
        code, out, err = usbgw(*arguments)
        self.assertEqual(code, 0, err)
        self.assertEqual((code, out), usbgw(*arguments)[:2])  # the seed decides
        report = json.loads(out)
        self.assertEqual([run["seed"] for run in report["runs"]], [7])
        self.assertGreater(report["concealed"], 0)
        self.assertEqual((report["faults"], report["symbols_in"], report["repair"]), (1, 0, "none"))
        self.assertEqual(usbgw(*arguments, "--check")[0], 1)

    def plan(self, *arguments):
        return usbgw("plan", "--rtt", "500us", "--deadline", "4ms", "--seconds", "2", *arguments)

    def test_plan_recommends_a_section_that_the_configuration_takes(self):
        code, out, err = self.plan("--loss", "1%", "--target", "1%", "--plot", self.path / "plot")
        self.assertEqual(code, 0, err)
        self.assertIn("Path: RTT 0.5 ms, J = 0 ms, 1 % lost independently.\n", out)
        self.assertRegex(out, r"\n  none +- +\d\.\de-0\d .* %  +\d+ +(missed|open|met)\n")
        section = out[out.index("[repair]\n"):out.index("\n\n", out.index("[repair]\n"))]
        demo = (SOURCE / "config" / "demo.toml").read_text()
        before, rest = demo.split("[repair]\n")
        file = self.write(f"{before}{section}\n{rest[rest.index('[[export]]'):]}")
        self.assertEqual(usbgw("--config", file, "--check")[:2], (0, f"{file}: ok\n"))
        self.assertTrue((self.path / "plot" / "plan.csv").read_text().startswith("deadline_ms,"))

    def test_plan_json_is_the_same_again_and_says_what_is_not_met(self):
        arguments = ("--loss", "5%", "--outage", "20ms", "--target", "1e-6", "--json")
        code, out, _ = self.plan(*arguments)
        self.assertEqual((code, self.plan(*arguments)[1]), (1, out))
        report = json.loads(out)
        self.assertEqual(report["path"]["outage_ms"], 20)
        self.assertGreater(report["floors"][0]["miss_rate"], 0.04)
        self.assertNotEqual(report["recommended"]["target"], "met")
        for row in report["rows"]:
            self.assertLessEqual(row["lower_bound"], row["miss_rate"])
            self.assertLessEqual(row["miss_rate"], row["upper_bound"])

    def test_plan_replays_a_trace(self):
        trace = self.path / "path.trace"
        trace.write_text("# measured\n" + "ok 97\nlost 3\n" * 30)
        code, out, err = self.plan("--trace", trace, "--target", "2%")
        self.assertEqual(code, 0, err)
        self.assertIn("3 % lost as in the trace: 90 of 3000 packets in 30 runs, the longest 3 ms.", out)
        trace.write_text("ok\nlate\n")
        self.assert_one_line(self.plan("--trace", trace), 2, f'{trace}:2: "late" is no line of a trace; allowed: "ok"')

    def test_plan_names_the_option_that_is_wrong(self):
        for arguments, text in (
                ((), "what is lost? give --loss 0.7%"),
                (("--loss", "0.7"), '--loss: "0.7" is out of range; allowed: 0% to 50%; did you mean "0.7%"?'),
                (("--loss", "1%", "--trace", "x"), "--loss and --trace both say what is lost"),
                (("--loss", "1%", "--jitter", "4"), '--jitter: "4" is not a duration'),
                (("--loss", "1%", "--share", "fast"), '--share: "fast" is not a rate'),
                (("--loss", "1%", "--seed", "x"), "--seed"),
                (("--trace", "/nonexistent"), "/nonexistent: cannot be read: No such file or directory")):
            self.assert_one_line(self.plan(*arguments), 2, text)

    def test_nobody_answers(self):
        path = self.path / "none.sock"
        for command in (("list",), ("status",), ("attach", "1209:a101"), ("detach", "1209:a101")):
            code, out, err = usbgw(*command, "--socket", path)
            self.assertEqual((code, out), (1, ""))
            self.assertEqual(err, f"usbgw: no usbgw answers at {path}: start it with usbgw --config FILE\n")

    def test_list(self):
        device = {"peer": "stage", "device": "1209:a101", "product": "Mixer", "speed": "high", "state": "free"}
        reply = {"command": "list", "report": {"devices": [device]}}
        (code, out, _), request = self.ask(reply, "list", "--peer", "stage")
        self.assertEqual((code, request), (0, {"command": "list", "peer": "stage"}))
        self.assertIn("stage  1209:a101  Mixer", out)
        (code, out, _), _ = self.ask(reply, "list", "--json")
        self.assertEqual(code, 0)
        self.assertEqual(json.loads(out)["devices"][0]["product"], "Mixer")

    def test_attach_and_detach(self):
        report = {"peer": "stage", "device": "1209:a101", "product": "Mixer", "vhci_port": 4}
        (code, out, _), request = self.ask({"command": "attach", "report": report}, "attach", "1209:a101",
                                           "--peer", "stage", "--vhci-port", "4")
        self.assertEqual((code, out), (0, "attached 1209:a101 of stage (Mixer) at vhci port 4\n"))
        self.assertEqual(request, {"command": "attach", "device": "1209:a101", "peer": "stage", "vhci_port": 4,
                                   "wait_s": 0})
        (code, out, _), _ = self.ask({"command": "detach", "report": report}, "detach", "1209:a101", "--json")
        self.assertEqual((code, json.loads(out)), (0, {"peer": "stage", "device": "1209:a101"}))

    def test_attach_says_that_it_waits_and_for_whom(self):
        lost = {"error": {"code": "disconnected", "text": "stage (10.0.0.1:7443) is not connected: refused"}}
        (code, out, err), _ = self.ask(lost, "attach", "1209:a101")
        self.assertEqual((code, out, err), (1, "", f"usbgw: {lost['error']['text']}; --wait S waits for it\n"))
        report = {"command": "attach", "report": {"peer": "stage", "device": "1209:a101"}}
        (code, out, err), requests = self.ask([lost, report], "attach", "1209:a101", "--wait", "20")
        self.assertEqual((code, out), (0, "attached 1209:a101 of stage\n"))
        self.assertEqual(err, f"usbgw: {lost['error']['text']}; waiting up to 20 s\n")
        self.assertEqual([request["wait_s"] for request in requests], [0, 20])

    def test_refusal_is_one_line_and_1(self):
        reply = {"error": {"code": "busy", "text": "1209:a101 of stage is held by annex"}}
        (code, out, err), _ = self.ask(reply, "attach", "1209:a101")
        self.assertEqual((code, out, err), (1, "", "usbgw: 1209:a101 of stage is held by annex\n"))

    def test_status_json(self):
        reply = {"command": "status", "report": {"node": "room", "roles": ["host"]}}
        (code, out, _), _ = self.ask(reply, "status", "--json")
        self.assertEqual((code, json.loads(out)["node"]), (0, "room"))

    def test_answer_that_is_none(self):
        (code, _, err), _ = self.ask({}, "status")
        self.assertEqual(code, 1)
        self.assertIn("usbgw: admin message", err)

    def test_doctor_json_says_what_each_thing_costs(self):
        code, out, err = usbgw("doctor", "--json", "--config", SOURCE / "config" / "demo.toml")
        self.assertEqual((code, err), (0, ""))
        findings = {finding["name"]: finding for finding in json.loads(out)["findings"]}
        for name in ("kernel", "CPUs", "isolcpus", "real-time limit", "vhci_hcd", "usbfs_memory_mb", "hugepages",
                     "memory lock", "rights", "port ring", "peers", "timer slack", "wake-ups, ordinary", "steal time"):
            self.assertIn(name, findings)
        wake_ups = findings["wake-ups, ordinary"]
        self.assertEqual(sum(bar["count"] for bar in wake_ups["histogram"]), 1000)
        self.assertGreater(wake_ups["cost_ms"], 0)
        self.assertIn("no usbgw answers", findings["peers"]["text"])

    def test_doctor_asks_the_running_node_about_its_peers(self):
        peer = {"name": "stage", "role": "agent", "state": "open", "round_trip_min_ns": 500000, "jitter_ns": 100000,
                "path_payload": 1472, "counters": {"sources_received": 10, "sources_lost": 0}}
        file = self.node_file()
        server = Answerer(self.path / "a.sock", {"command": "status", "report": {"node": "room", "peers": [peer]}})
        code, out, _ = usbgw("doctor", "--json", "--config", file)
        self.assertEqual(server.join(), {"command": "status"})
        self.assertEqual(code, 0, out)
        findings = {finding["name"]: finding for finding in json.loads(out)["findings"]}
        self.assertEqual(findings["peer stage"]["cost_ms"], 0.35)
        self.assertTrue(findings["peer stage"]["text"].startswith("RTT 0.50 ms, jitter 0.10 ms, loss 0.000 %"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
