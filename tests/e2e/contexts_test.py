"""Several controllers behind TLS, as nginx ends it: each is known by its authority, and hears its own token alone."""

import json
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from support.cases import tell
from support.certificates import Authority
from support.hearthd import Hearthd, program
from support.waiting import free_port, wait_for

HANDLER = "def handle(request, context):\n    print('called')\n    return 'from {}'\n"


class Contexts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="hearth-contexts-", dir="/tmp"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.authority = Authority(cls.folder / "authority")
        cls.foreign = Authority(cls.folder / "foreign")
        cls.certificate = cls.authority.issue(cls.folder / "server", "serverAuth")
        cls.expired = cls.authority.issue(cls.folder / "expired", "serverAuth", days=-1)
        cls.controllers = {}
        for name in ("east", "west"):
            cls.controllers[name] = Hearthd()
            cls.addClassCleanup(cls.controllers[name].close)
        cls.ports = {name: free_port() for name in ("east", "west", "moved", "late")}
        cls.start_nginx()
        for name in ("east", "west"):
            cls.fn("config", "add", name, "--api", cls.api(name), "--ca-file", cls.authority.certificate, "--token-file",
                   cls.controllers[name].config_dir / "token")

    @classmethod
    def api(cls, name):
        return f"https://127.0.0.1:{cls.ports[name]}"

    @classmethod
    def start_nginx(cls):
        """In front of each controller; `moved` sends everybody on to west, and `late` has an expired certificate."""
        there = {name: f"proxy_pass http://{one.api};" for name, one in cls.controllers.items()}
        there |= {"moved": f"return 307 {cls.api('west')}$request_uri;", "late": there["east"]}
        servers = "".join(f"""
            server {{
              listen 127.0.0.1:{cls.ports[name]} ssl;
              ssl_certificate {(cls.expired if name == 'late' else cls.certificate)}/cert.pem;
              ssl_certificate_key {(cls.expired if name == 'late' else cls.certificate)}/key.pem;
              access_log {cls.folder}/{name}.log heard;
              location / {{ {answer} }}
            }}""" for name, answer in there.items())
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        temporary = "".join(f"{kind}_temp_path {cls.folder}/{kind};" for kind in kinds)
        (cls.folder / "nginx.conf").write_text(f"""
            daemon off; master_process off; pid {cls.folder}/nginx.pid; error_log {cls.folder}/error.log;
            events {{}}
            http {{
              {temporary}
              log_format heard '$request_uri|$http_authorization';
              proxy_buffering off; proxy_http_version 1.1; proxy_read_timeout 1h; client_max_body_size 0;
              {servers}
            }}""")
        nginx = subprocess.Popen([shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin"), "-c",
                                  cls.folder / "nginx.conf"], stderr=subprocess.DEVNULL)
        cls.addClassCleanup(nginx.wait, 30)
        cls.addClassCleanup(nginx.terminate)
        wait_for("nginx listens", lambda: (cls.folder / "late.log").exists() and cls.fn("list", "--api", cls.api("late"),
                                                                                         check=False).returncode, 30)

    @classmethod
    def variables(cls):
        """Nothing of this machine's own hearthd, nor of whoever runs the tests."""
        return {"PATH": os.environ["PATH"], "HOME": str(cls.folder), "HEARTH_TEMPLATES": os.environ["HEARTH_TEMPLATES"]}

    @classmethod
    def fn(cls, *words, check=True, before=(), **options):
        done = subprocess.run([*before, program("HEARTH_TEST_FN", "fn"), *map(str, words)], env=cls.variables(),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False, **options)
        if check and done.returncode != 0:
            raise AssertionError(f"fn {words} → {done}")
        return done

    def token(self, name):
        return (self.controllers[name].config_dir / "token").read_text().strip()

    def heard(self, name):
        """What a controller was asked for, and with whose token."""
        return [line.split("|") for line in (self.folder / f"{name}.log").read_text().splitlines()]

    def refusal(self, *words, code=4):
        """The error's line and its hint."""
        outcome = self.fn(*words, check=False)
        self.assertEqual(outcome.returncode, code, outcome)
        tell(outcome.stderr.replace("\n", " | "))
        return outcome.stderr

    def test_each_is_worked_with_over_tls_and_hears_its_own_token_alone(self):
        for name, controller in self.controllers.items():
            function = controller.write("here", {"fn.yaml": "name: here\nruntime: python\nhandler: handler.py:handle\n",
                                                 "handler.py": HANDLER.format(name)})
            self.fn("config", "use", name)
            self.fn("deploy", function)  # a package goes up, the build's output comes down
            self.assertEqual(self.fn("invoke", "here").stdout, f"from {name}")
        self.assertEqual(self.fn("--context", "east", "invoke", "here").stdout, "from east")
        self.fn("delete", "here")  # of west, which is in use
        self.assertEqual(json.loads(self.fn("list", "-o", "json").stdout)["items"], [])
        names = [one["name"] for one in json.loads(self.fn("list", "--context", "east", "-o", "json").stdout)["items"]]
        self.assertEqual(names, ["here"])
        follows = subprocess.Popen([program("HEARTH_TEST_FN", "fn"), "logs", "here", "-f", "--context", "east"],
                                   env=self.variables(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        with follows:
            self.assertIn("called", follows.stdout.readline(), "streams come as they are written")
            follows.terminate()
        for name in ("east", "west"):
            heard = self.heard(name)
            self.assertGreater(len(heard), 4)
            self.assertEqual({token for _, token in heard}, {f"Bearer {self.token(name)}"}, name)

    def test_a_controller_that_sends_elsewhere_is_not_followed(self):
        self.fn("config", "add", "moved", "--api", self.api("moved"), "--ca-file", self.authority.certificate,
                "--token-file", self.controllers["east"].config_dir / "token")
        before = self.heard("west")
        self.fn("list", "--context", "moved", check=False)
        self.assertEqual(self.heard("moved")[-1], ["/v1/namespaces/default/functions", f"Bearer {self.token('east')}"])
        self.assertEqual(self.heard("west"), before)

    def test_whom_it_does_not_know_it_tells_nothing(self):
        before = {name: self.heard(name) for name in ("east", "late")}
        token = ("--token-file", self.controllers["east"].config_dir / "token")
        known = ("--ca-file", self.authority.certificate)
        self.assertEqual(self.refusal("list", "--api", self.api("east"), *token, "--ca-file", self.foreign.certificate),
                         f"error: hearthd does not answer: {self.api('east')}: its certificate is not signed by "
                         f"{self.foreign.certificate}\nhint: {self.foreign.certificate} must be the authority that signed "
                         "the server's certificate\n")
        self.assertRegex(self.refusal("list", "--api", self.api("east"), *token),
                         "not signed by an authority that this system trusts\nhint: .*--ca-file")
        self.assertRegex(self.refusal("list", "--context", "east", "--ca-file", self.foreign.certificate),
                         "not signed by .*foreign/ca.pem")
        by_name = self.api("east").replace("127.0.0.1", "localhost")
        self.assertRegex(self.refusal("list", "--api", by_name, *token, *known), "its certificate is for another name")
        self.assertRegex(self.refusal("list", "--api", self.api("late"), *token, *known), "its certificate has expired")
        for file in ("server/key.pem", "absent"):
            self.assertRegex(self.refusal("list", "--api", self.api("east"), *token, "--ca-file", self.folder / file),
                             "is no certificate in PEM|cannot be read as a certificate")
        plain = f"https://{self.controllers['east'].api}"
        self.assertRegex(self.refusal("list", "--api", plain, *token, *known), "does not speak TLS\nhint: write http://")
        self.assertEqual({name: self.heard(name) for name in ("east", "late")}, before)

    def test_a_named_authority_stands_instead_of_the_systems(self):
        """In a mount namespace where the system trusts our authority, by its bundle and by its folder."""
        trusted = self.folder / "trusted"
        trusted.mkdir()
        shutil.copy(self.authority.certificate, trusted / "ours.pem")
        subprocess.run(["openssl", "rehash", trusted], check=True)
        shutil.copy(self.authority.certificate, trusted / "ca-certificates.crt")
        mounted = f'mount --bind {trusted} /etc/ssl/certs && exec "$@"'
        there = ("unshare", "--mount", "sh", "-c", mounted, "sh")
        words = ("list", "--api", self.api("east"), "--token-file", self.controllers["east"].config_dir / "token")
        self.fn(*words, before=there)
        refused = self.fn(*words, "--ca-file", self.foreign.certificate, before=there, check=False)
        self.assertEqual(refused.returncode, 4, refused)
        self.assertIn("is not signed by", refused.stderr)


if __name__ == "__main__":
    unittest.main()
