"""What a function with a network reaches while hearthd runs, tried from inside of one."""

import socket
import subprocess
import unittest

from support.cases import HearthdCase

REACHES = """
import socket

def handle(request, context):
    with open("/proc/net/route") as table:
        routes = [line.split() for line in table]
    gateway = next(socket.inet_ntoa(bytes.fromhex(row[2])[::-1]) for row in routes if row[1] == "00000000")
    try:
        socket.create_connection((gateway, int(request.query["port"])), timeout=1).close()
    except OSError as error:
        return f"closed: {error}"
    return "open"
"""


class Network(HearthdCase):
    def test_this_machine_is_closed_to_functions(self):
        self.hearthd.deploy_python("near", REACHES, "network: {egress: allow}\n")
        self.addCleanup(self.hearthd.delete, "near")
        with socket.create_server(("0.0.0.0", 0)) as server:
            path = f"/?port={server.getsockname()[1]}"
            self.assertRegex(self.hearthd.call("near", path).text, "^closed: ")
            # The same without hearthd's rules: it was they that closed it.
            table = f"hearth_{self.hearthd.installation}"
            subprocess.run(["nft", "delete", "table", "inet", table], check=True)
            self.assertEqual(self.hearthd.call("near", path).text, "open")


if __name__ == "__main__":
    unittest.main()
