"""Functions made of servers that nobody here wrote: one image for all, so that it is built once."""

from pathlib import Path

SERVERS = Path(__file__).resolve().parent / "servers"

# Each with its own defaults; what they listen on is $PORT, which is 8080.
COMMANDS = {
    "node": "exec node server.js",
    "gunicorn": "exec gunicorn --bind 0.0.0.0:$PORT wsgi:app",
    "gunicorn-threads": "exec gunicorn --bind 0.0.0.0:$PORT --threads 4 wsgi:app",
    "uvicorn": "exec uvicorn --host 0.0.0.0 --port $PORT asgi:app",
    "go": "exec /go-server",
    "nginx": "exec nginx -e stderr -c /srv/nginx.conf -g 'daemon off;'",
}


def deploy(hearthd, server, name=None, settings=""):
    files = {path.name: path.read_text() for path in SERVERS.iterdir() if path.is_file()}
    files["Dockerfile"] += f"CMD {COMMANDS[server]}\n"
    name = name or server
    files["fn.yaml"] = f"name: {name}\nbuild: ./Dockerfile\n{settings}"
    hearthd.deploy(name, files)
    # With its image a function's layers go, too: by this name they stay for the next build.
    hearthd.docker.ask("POST", f"/images/hearth-{hearthd.installation}/default/{name}:1/tag?repo=hearth-test-stock&tag=1")
