"""What the gateway bench starts: the upstream, nginx, HAProxy and hearth before it, each ended by its own process."""
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

NGINX_CONF = """
{user}
daemon off;
master_process on;
worker_processes 2;
pid {home}/nginx-{port}.pid;
error_log {home}/nginx.log warn;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path {home}/body;
  proxy_temp_path {home}/proxy;
  fastcgi_temp_path {home}/fastcgi;
  uwsgi_temp_path {home}/uwsgi;
  scgi_temp_path {home}/scgi;
  keepalive_requests 100000000;
  upstream echo {{ server unix:{socket}; keepalive 64; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{port} reuseport;
    client_max_body_size 0;
    proxy_request_buffering off;
    proxy_max_temp_file_size 0;
    location /events {{
      proxy_pass http://echo;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }}
    location / {{
      proxy_pass http://echo;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
    }}
  }}
}}
"""

# As its manual advises: connections to the server are kept and shared, a thread a processor.
HAPROXY_CONF = """
global
  nbthread 2
  maxconn 2048
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 300s
  http-reuse always
listen echo
  bind 127.0.0.1:{port}
  server echo unix@{socket}
"""

# A server of large bodies that nobody here wrote.
BODIES_CONF = """
{user}
daemon off;
worker_processes 1;
pid {home}/bodies.pid;
error_log {home}/bodies.log warn;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path {home}/b-body;
  proxy_temp_path {home}/b-proxy;
  fastcgi_temp_path {home}/b-fastcgi;
  uwsgi_temp_path {home}/b-uwsgi;
  scgi_temp_path {home}/b-scgi;
  keepalive_requests 100000000;
  server {{
    listen unix:{socket};
    listen 127.0.0.1:{port};
    root {home}/www;
  }}
}}
"""


def cpu_seconds(pids):
    """User and system time of these processes, all their threads included, in seconds."""
    total = 0
    for pid in pids:
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def children(pid):
    return [int(p) for p in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def await_listening(port, process, log):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    words = pathlib.Path(log).read_text()[-2000:] if pathlib.Path(log).exists() else ""
    raise SystemExit(f"{process.args[0]} does not listen on port {port}: {words}")


class Workspace:
    """A folder and the processes started in it; both gone at the end."""

    def __enter__(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="hearth-bench."))
        self.processes = []
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.home)

    def write(self, name, text):
        (self.home / name).write_text(text)
        return str(self.home / name)

    def start(self, name, command, port):
        log = self.home / f"{name}.out"
        with log.open("w") as output:
            process = subprocess.Popen([str(word) for word in command], stdout=output, stderr=subprocess.STDOUT)
        self.processes.append(process)
        await_listening(port, process, log)
        return process


class Upstream:
    """The echo server: on a unix socket for the proxies, on a port for wrk."""

    name = "upstream"

    def __init__(self, place, program):
        self.socket = place.home / "echo.sock"
        self.port = free_port()
        place.start("echo", [program, self.socket, self.port], self.port)
        self.base = ""
        self.url = f"http://127.0.0.1:{self.port}/echo"

    def pids(self):
        return []  # no proxy: its own cost is everyone's


def start_nginx(place, name, conf, **values):
    user = "user root;" if os.geteuid() == 0 else ""  # else its workers may not open our folder
    file = place.write(f"{name}.conf", conf.format(user=user, home=place.home, **values))
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    return place.start(name, [program, "-c", file, "-e", place.home / f"{name}.log"], values["port"])


class Bodies:
    """nginx as the upstream that has a large body, /down."""

    name = "upstream"

    def __init__(self, place):
        self.socket = place.home / "bodies.sock"
        (place.home / "www").mkdir()
        (place.home / "www" / "down").write_bytes(bytes(1 << 20))
        self.port = free_port()
        start_nginx(place, "bodies", BODIES_CONF, socket=self.socket, port=self.port)
        self.base = ""

    def pids(self):
        return []


class Nginx:
    name = "nginx"

    def __init__(self, place, upstream, name="nginx"):
        self.port = free_port()
        self.master = start_nginx(place, name, NGINX_CONF, socket=upstream.socket, port=self.port)
        self.base = ""
        self.url = f"http://127.0.0.1:{self.port}/echo"

    def pids(self):
        return children(self.master.pid)


class HAProxy:
    name = "haproxy"

    def __init__(self, place, upstream):
        self.port = free_port()
        file = place.write("haproxy.conf", HAPROXY_CONF.format(port=self.port, socket=upstream.socket))
        program = shutil.which("haproxy", path=f"{os.environ['PATH']}:/usr/sbin")
        self.process = place.start("haproxy", [program, "-db", "-f", file], self.port)
        self.base = ""
        self.url = f"http://127.0.0.1:{self.port}/echo"

    def pids(self):
        return [self.process.pid]


class Hearth:
    """The gateway and the dispatcher as hearthd has them, with one function whose replica is the upstream."""

    name = "hearth"

    def __init__(self, place, program, upstream, *settings):
        self.port = free_port()
        self.process = place.start(f"hearth-{self.port}", [program, upstream.socket, self.port, *settings], self.port)
        self.base = "/fn/echo"
        self.url = f"http://127.0.0.1:{self.port}{self.base}/echo"

    def pids(self):
        return [self.process.pid]
