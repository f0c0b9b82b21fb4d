"""Cold starts of any image that listens on $PORT, beside the Engine API by hand on a bridge network: create, start, first answer."""
import contextlib

from bed import Bed, has_parked_networks, interleaved
from engine_floor import RawReplica
from figures import Absent, Figure
from rows.cold import Cold, by_hand, warm_up

TITLE = "Cold start of any image"
SAMPLES = 3
FLOOR = "by hand, on a bridge"
FILES = {
    "fn.yaml": "build: ./Dockerfile\nlimits: {memory: 256Mi}\nscale: {idle_timeout: 100ms}\n",
    "Dockerfile": """
        FROM debian:bookworm-slim
        RUN apt-get update && apt-get install -y --no-install-recommends python3 && rm -rf /var/lib/apt/lists/*
        COPY server.py /server.py
        CMD ["python3", "-u", "/server.py"]
        """,
    "server.py": """
        import os
        import socket

        listening = socket.create_server(("0.0.0.0", int(os.environ["PORT"])))
        while True:
            client, _ = listening.accept()
            with client:
                while client.recv(65536):
                    client.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nv1")
        """,
}


def measure(options):
    with contextlib.ExitStack() as stack:
        plain = stack.enter_context(Bed())
        plain.deploy("any", FILES)
        raw = stack.enter_context(RawReplica(plain.docker, plain.replica("any")))
        ways = {"a network made for it": Cold(plain, "any")}
        if has_parked_networks():
            parked = stack.enter_context(Bed(parked=True))
            parked.deploy("any", FILES)
            ways["a parked network"] = Cold(parked, "any")
        measures = {**ways, FLOOR: by_hand(raw)}
        warm_up(measures)
        found = interleaved(options.rounds, measures, SAMPLES)
    made = [Figure(way, "ms", found[way], floor=FLOOR, parts=one.parts()) for way, one in ways.items()]
    if not has_parked_networks():
        made.append(Absent("a parked network", "this hearthd has none"))
    else:
        made[-1].goals = [{"of": "ratio", "most": 0.45}]
    return [*made, Figure(FLOOR, "ms", found[FLOOR])]
