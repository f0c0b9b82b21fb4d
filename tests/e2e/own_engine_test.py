"""A dockerd of the test's own: reached over TCP with TLS, and with a second program to run containers by."""

import ctypes
import http.server
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

from support.cases import tell
from support.certificates import Authority
from support.docker import Docker, OwnDockerd
from support.hearthd import Hearthd, program
from support.images import runtime_images
from support.waiting import free_port, wait_for

CLONE_NEWNET = 0x40000000
HELLO = """
    import os
    def handle(request, context):
        return os.environ["HEARTH_REPLICA"] + " " + os.environ.get("HEARTH_SOCKET", "port " + os.environ.get("PORT", ""))
"""


def setUpModule():
    """Two dockerds in one network would take each other's firewall apart, so this process moves to one of its own."""
    global images
    images = runtime_images()
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "a network of its own: this needs root")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


class OwnEngine(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="hearth-tls-", dir="/tmp"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.authority = Authority(cls.folder / "authority")
        cls.foreign = Authority(cls.folder / "foreign")
        server = cls.authority.issue(cls.folder / "server", "serverAuth")
        cls.client = cls.authority.issue(cls.folder / "client", "clientAuth")
        cls.port = free_port()
        cls.dockerd = OwnDockerd(f"--host=tcp://127.0.0.1:{cls.port}", "--tlsverify", f"--tlscacert={server}/ca.pem",
                                 f"--tlscert={server}/cert.pem", f"--tlskey={server}/key.pem",
                                 f"--add-runtime=noting={cls.noting()}", apart=False)
        cls.addClassCleanup(cls.dockerd.close)
        cls.dockerd.take_images(images, Docker())

    @classmethod
    def noting(cls):
        """A second program that runs containers: runc, with a note of all that it is asked."""
        cls.noted = cls.folder / "noted"
        cls.noted.touch()
        program = cls.folder / "noting"
        program.write_text(f'#!/bin/sh\necho "$@" >>{cls.noted}\nexec runc "$@"\n')
        program.chmod(0o755)
        return program

    def hearthd(self, **settings):
        started = Hearthd(self.dockerd.socket, **settings)
        self.addCleanup(started.close)
        return started

    # --- TLS ---

    def over_tls(self, certificates, port=None):
        return {"docker_host": f"tcp://127.0.0.1:{port or self.port}", "docker_tls_verify": "true",
                "docker_cert_path": str(certificates)}

    def test_functions_are_deployed_called_and_stopped_over_tls(self):
        hearthd = self.hearthd(**self.over_tls(self.client))
        hearthd.deploy_python("safe", HELLO, "network: {egress: deny}\nscale: {idle_timeout: 1s}\n")
        self.assertIn("/run/hearth/fn.sock", hearthd.call("safe").text)
        hearthd.await_nothing_left()
        self.assertIn("/run/hearth/fn.sock", hearthd.call("safe").text)

    def test_packages_are_streamed_to_cells_over_tls(self):
        hearthd = self.hearthd(cells_min="1", cells_max="1", **self.over_tls(self.client))
        hearthd.deploy_python("sent", HELLO, "network: {egress: deny}\n")
        wait_for("a cell waits, and the package", lambda: list(hearthd.state_dir.glob("unpacked/*/*.tar")) and any(
            one["ready"] for one in hearthd.ask("GET", "/v1/info").json()["cells"]), 60)
        cells = {record["container"] for record in hearthd.records() if record["idle"]}
        self.assertIn("/run/hearth/fn.sock", hearthd.call("sent").text)
        self.assertTrue(cells & hearthd.containers("sent"))

    def refusal(self, environment=None, **settings):
        """What hearthd says when it does not start: one line."""
        folder = tempfile.mkdtemp(dir=self.folder)
        flags = {"state_dir": f"{folder}/state", "run_dir": f"{folder}/run", "config_dir": f"{folder}/config",
                 "gateway": f"127.0.0.1:{free_port()}", "api": f"127.0.0.1:{free_port()}", **settings}
        done = subprocess.run([program("HEARTH_TEST_HEARTHD", "hearthd"),
                               *(f"--{key.replace('_', '-')}={value}" for key, value in flags.items())],
                              env={**os.environ, **(environment or {})}, capture_output=True, text=True, timeout=60,
                              check=False)
        self.assertNotEqual(done.returncode, 0)
        line, = done.stderr.splitlines()
        tell(line)
        return line

    def test_each_wrong_certificate_is_one_line_with_the_mend(self):
        wrong = self.folder / "wrong"
        shutil.copytree(self.client, wrong)
        shutil.copy(self.foreign.certificate, wrong / "ca.pem")
        self.assertRegex(self.refusal(**self.over_tls(wrong)), "not signed by .*wrong/ca.pem; ")

        missing = self.folder / "missing"
        shutil.copytree(self.client, missing)
        (missing / "cert.pem").unlink()
        self.assertRegex(self.refusal(**self.over_tls(missing)), "TLS to Docker needs .*missing/cert.pem: .*docker_cert_path")

        for name, issuer, days in (("stranger", self.foreign, 2), ("late", self.authority, -1)):
            folder = issuer.issue(self.folder / name, "clientAuth", days)
            shutil.copy(self.authority.certificate, folder / "ca.pem")
            self.assertRegex(self.refusal(**self.over_tls(folder)), f"our certificate.*; .*{name}/cert.pem")

        other = self.folder / "other-key"
        shutil.copytree(self.client, other)
        shutil.copy(self.folder / "server/key.pem", other / "key.pem")
        self.assertRegex(self.refusal(**self.over_tls(other)), "other-key/key.pem is not the key of .*; ")

    def test_a_server_whose_certificate_has_expired_is_told(self):
        expired = self.authority.issue(self.folder / "expired", "serverAuth", days=-1)
        port = free_port()
        server = subprocess.Popen(["openssl", "s_server", "-quiet", "-accept", f"127.0.0.1:{port}", "-cert",
                                   expired / "cert.pem", "-key", expired / "key.pem"], stdin=subprocess.PIPE,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        wait_for("it listens", lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0)
        self.assertRegex(self.refusal(**self.over_tls(self.client, port)), "its certificate has expired; renew")

    def test_tls_to_a_plain_port_and_plain_to_a_tls_port_are_told(self):
        server = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.assertRegex(self.refusal(**self.over_tls(self.client, server.server_port)), "does not speak TLS; ")
        self.assertRegex(self.refusal(docker_host=f"tcp://127.0.0.1:{self.port}"), "wants TLS: set docker_tls_verify")

    def test_an_engine_that_cannot_be_used_is_refused_at_once(self):
        self.assertRegex(self.refusal(docker_host="tcp://192.0.2.7:2375"), "on another machine.*; run hearthd on that")
        self.assertRegex(self.refusal(docker_host="tcp://127.0.0.1:1"), "Docker cannot be used: .*Connection refused; ")
        self.assertRegex(self.refusal(docker_host="127.0.0.1:2375"), "must be unix:///FILE or tcp://HOST:PORT")
        self.assertRegex(self.refusal(docker_host="unix:///x", docker_socket="/x"), "both set")

    def test_dockers_own_variables_are_known(self):
        environment = {"DOCKER_HOST": f"tcp://127.0.0.1:{self.port}", "DOCKER_TLS_VERIFY": "1",
                       "DOCKER_CERT_PATH": str(self.folder / "nowhere")}
        self.assertRegex(self.refusal(environment), "TLS to Docker needs .*nowhere/ca.pem")
        environment["DOCKER_HOST"] = "unix:///nowhere/docker.sock"
        self.assertRegex(self.refusal(environment), "Docker does not answer at /nowhere/docker.sock")

    # --- what runs containers ---

    def test_a_function_runs_under_the_runtime_that_it_names(self):
        hearthd = self.hearthd()
        hearthd.deploy_python("other", HELLO, "container_runtime: noting\n")
        self.assertIn("port 8080", hearthd.call("other").text)
        self.assert_run_by_it(hearthd, "other", True)

        hearthd.deploy_python("usual", HELLO, "network: {egress: deny}\n")
        self.assertIn("/run/hearth/fn.sock", hearthd.call("usual").text)
        self.assert_run_by_it(hearthd, "usual", False)

        hearthd.deploy_python("closed", HELLO, "container_runtime: noting\nnetwork: {egress: deny}\n")
        self.assertIn("port 8080", hearthd.call("closed").text)

    def assert_run_by_it(self, hearthd, name, wanted):
        container, = hearthd.containers(name)
        calls = [line for line in self.noted.read_text().splitlines() if container in line and " create " in line]
        self.assertEqual(bool(calls), wanted, calls)

    def test_a_runtime_that_docker_does_not_know_is_refused_at_deploy(self):
        hearthd = self.hearthd()
        outcome = hearthd.deploy_python("strong", HELLO, "container_runtime: runsc\n", check=False)
        self.assertEqual(outcome.returncode, 3, outcome)
        self.assertRegex(outcome.stderr, r"container_runtime: Docker has no runtime runsc; it has noting, runc\b")


if __name__ == "__main__":
    unittest.main()
