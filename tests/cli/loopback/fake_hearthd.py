#!/usr/bin/env python3
"""Behaves as hearthd towards `fn up` and `fn down`: becomes ready after its third question, or fails as hearthd does."""
import http.server
import os
import signal
import sys

if os.environ.get("FAIL"):
    print("hearthd 0.1.0 starts")
    print("hearthd: port 8080 is in use; choose another with --gateway", file=sys.stderr)
    sys.exit(3)

asked = 0


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        global asked
        asked += self.path == "/readyz"
        ready = self.path == "/healthz" or (asked > 2 and not os.environ.get("NEVER"))
        self.send_response(200 if ready else 503)
        body = b'{"code":"unavailable","layer":"engine","detail":"Docker does not answer","hint":"start Docker"}'
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def leave(*_):
    print("bye", flush=True)
    os._exit(0)


signal.signal(signal.SIGTERM, leave)
print("arguments", *sys.argv[1:], os.getcwd(), os.getsid(0) == os.getpid(), flush=True)
host, port = sys.argv[sys.argv.index("--api") + 1].split(":")
http.server.HTTPServer((host, int(port)), Handler).serve_forever()
