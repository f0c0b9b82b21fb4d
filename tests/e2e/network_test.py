"""What a function with a network reaches while hearthd runs, tried from inside of one."""

import socket
import subprocess
import unittest

from support.cases import HearthdCase

PROBE = """
import os, socket, threading

server = socket.create_server(("0.0.0.0", 9999), backlog=16)

def serve():
    while True:
        server.accept()[0].close()

threading.Thread(target=serve, daemon=True).start()

def gateway():
    with open("/proc/net/route") as table:
        routes = [line.split() for line in table]
    return next((socket.inet_ntoa(bytes.fromhex(row[2])[::-1]) for row in routes if row[1] == "00000000"), None)

def handle(request, context):
    query = request.query
    if request.path == "/sees":
        with open("/proc/net/if_inet6") as table:
            ipv6 = [line for line in table if not line.rstrip().endswith("lo")]
        return {"name": socket.gethostname(), "ipv6": ipv6, "sockets": os.listdir("/run/hearth"),
                "docker": [path for path in ("/var/run/docker.sock", "/run/docker.sock") if os.path.exists(path)]}
    if request.path == "/resolve":
        try:
            return socket.gethostbyname(query["name"])
        except OSError as error:
            return f"unknown: {error}"
    try:
        socket.create_connection((query.get("host") or gateway(), int(query["port"])), timeout=2).close()
    except (OSError, TypeError) as error:
        return f"closed: {error}"
    return "open"
"""


class Network(HearthdCase):
    def deploy(self, name, settings):
        self.hearthd.deploy_python(name, PROBE, settings)
        self.addCleanup(self.hearthd.delete, name)
        seen = self.hearthd.call(name, "/sees").json()
        container, = self.hearthd.containers(name)
        networks = self.hearthd.docker.ask("GET", f"/containers/{container}/json")["NetworkSettings"]["Networks"]
        return seen, {network: end["IPAddress"] for network, end in networks.items() if end["IPAddress"]}

    def network(self, name, **options):
        self.hearthd.docker.ask("POST", "/networks/create", {"Name": name, **options})
        # After the functions on it: cleanups go backwards.
        self.addCleanup(self.hearthd.docker.ask, "DELETE", f"/networks/{name}", None, (403, 404))
        return name

    def probe(self, name, host, port=9999):
        return self.hearthd.call(name, f"/?host={host}&port={port}").text

    def test_this_machine_is_closed_to_functions(self):
        self.addCleanup(self.hearthd.start)  # which puts the rules back
        self.addCleanup(self.hearthd.stop)
        self.deploy("near", "network: {egress: allow}\n")
        with socket.create_server(("0.0.0.0", 0)) as server:
            path = f"/?port={server.getsockname()[1]}"
            self.assertRegex(self.hearthd.call("near", path).text, "^closed: ")
            # The same without hearthd's rules: it was they that closed it.
            table = f"hearth_{self.hearthd.installation}"
            subprocess.run(["nft", "delete", "table", "inet", table], check=True)
            self.assertEqual(self.hearthd.call("near", path).text, "open")

    def test_functions_do_not_reach_each_other_by_address_or_name(self):
        self.deploy("one", "network: {egress: allow}\n")
        seen, addresses = self.deploy("other", "network: {egress: allow}\n")
        address, = addresses.values()
        socket.create_connection((address, 9999), timeout=10).close()  # it listens, and this machine reaches it
        for host in (address, seen["name"]):
            self.assertRegex(self.probe("one", host), "^closed: ")

    def test_they_meet_on_a_network_that_both_are_attached_to(self):
        shared = self.network(f"db-{self.hearthd.installation}", Internal=True)
        closed = f"network: {{egress: deny, attach: [{shared}]}}\n"
        self.deploy("one", closed)
        seen, addresses = self.deploy("other", closed)
        self.assertEqual(self.probe("one", addresses.pop(shared)), "open")
        self.assertEqual(self.probe("one", seen["name"]), "open")
        address, = addresses.values()  # on the installation's own, the closed one
        self.assertRegex(self.probe("one", address), "^closed: ")

    def test_one_without_a_way_out_resolves_no_foreign_names(self):
        shared = self.network(f"names-{self.hearthd.installation}", Internal=True)
        self.deploy("closed", f"network: {{egress: deny, attach: [{shared}]}}\n")
        self.assertRegex(self.hearthd.call("closed", "/resolve?name=deb.debian.org").text, "^unknown: ")
        container, = self.hearthd.containers("closed")
        described = self.hearthd.docker.ask("GET", f"/containers/{container}/json")
        self.assertEqual(described["HostConfig"]["Dns"], ["127.0.0.1"])

    def test_neither_ipv6_nor_dockers_socket_is_there(self):
        for name, settings in (("open", "network: {egress: allow}\n"), ("none", "network: {egress: deny}\n")):
            seen, _ = self.deploy(name, settings)
            self.assertEqual((seen["ipv6"], seen["docker"], seen["sockets"]), ([], [], ["fn.sock"]))

    def test_what_runs_at_deploy_does_not_reach_this_machine(self):
        with socket.create_server(("0.0.0.0", 0)) as server:
            port = server.getsockname()[1]
            # Bash's own way to connect: 0 where it can, and no other program is needed.
            steps = ("FROM debian:bookworm-slim\n"
                     "RUN gateway=$(perl -lane 'print join \".\", reverse map hex, $F[2] =~ /../g if $F[1] eq \"00000000\"' "
                     "/proc/net/route); test -n \"$gateway\" && ! timeout 3 bash -c \"</dev/tcp/$gateway/{port}\" "
                     "\n").replace("{port}", str(port))
            # The step ends well where it could not connect.
            self.hearthd.deploy("built", {"fn.yaml": "name: built\nbuild: ./Dockerfile\n", "Dockerfile": steps})
            self.addCleanup(self.hearthd.delete, "built")


if __name__ == "__main__":
    unittest.main()
