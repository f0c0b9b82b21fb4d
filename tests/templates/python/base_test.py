"""templates/base/make against an engine that has, pulls, or has to be given its base image."""

import http.server
import os
import platform
import socketserver
import subprocess
import tempfile
import threading
import unittest
from urllib.parse import parse_qs, urlsplit

from replica import ROOT

NAME = "debian:bookworm-slim"


class Engine(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """As much of Docker as the tool asks of it. A pull that fails says so in an answer of status 200, as Docker does."""

    daemon_threads = True

    def __init__(self, path, images=(), registry=()):
        super().__init__(path, Handler)
        self.images, self.registry, self.imported, self.pulls = set(images), set(registry), None, 0


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        name = self.path.removeprefix("/images/").removesuffix("/json")
        self.answer(200 if self.path == "/_ping" or name in self.server.images else 404)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        query = {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}
        if "fromImage" in query:
            self.server.pulls += 1
            name = f"{query['fromImage']}:{query['tag']}"
            if name in self.server.registry:
                self.server.images.add(name)
        else:
            self.server.imported = body
            self.server.images.add(f"{query['repo']}:{query['tag']}")
        self.answer(200)

    def answer(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def address_string(self):
        return "unix"

    def log_message(self, *_):
        pass


class Base(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        self.socket = f"{self.folder}/docker.sock"

    def engine(self, **settings):
        engine = self.enterContext(Engine(self.socket, **settings))
        threading.Thread(target=engine.serve_forever, daemon=True).start()
        self.addCleanup(engine.shutdown)
        return engine

    def make(self):
        return subprocess.run(
            [os.path.join(ROOT, "templates/base/make")], capture_output=True, text=True,
            env={**os.environ, "DOCKER_HOST": f"unix://{self.socket}", "XDG_CACHE_HOME": self.folder})

    def test_an_image_that_is_there_is_left_alone(self):
        engine = self.engine(images=[NAME])
        run = self.make()
        self.assertEqual((run.returncode, run.stdout, engine.pulls), (0, NAME + "\n", 0), run.stderr)

    def test_an_image_that_a_registry_gives_is_pulled(self):
        engine = self.engine(registry=[NAME])
        run = self.make()
        self.assertEqual((run.returncode, run.stdout, engine.imported), (0, NAME + "\n", None), run.stderr)

    def test_without_a_registry_what_was_made_before_is_imported(self):
        release = platform.freedesktop_os_release()
        name = f"ubuntu:{release['VERSION_ID']}" if release["ID"] == "ubuntu" else NAME
        os.mkdir(f"{self.folder}/hearth")
        with open(f"{self.folder}/hearth/{name.replace(':', '-')}-{platform.machine()}.tar", "wb") as tar:
            tar.write(b"a tar" * 1000)
        engine = self.engine()
        run = self.make()
        self.assertEqual((run.returncode, run.stdout), (0, name + "\n"), run.stderr)
        self.assertEqual(engine.imported, b"a tar" * 1000)

    def test_an_engine_that_does_not_answer_is_told_with_the_mend(self):
        run = self.make()
        self.assertEqual((run.returncode, run.stdout), (1, ""))
        self.assertIn(f"no container engine answers at unix://{self.socket}", run.stderr)
        self.assertIn("join the docker group", run.stderr)


if __name__ == "__main__":
    unittest.main()
