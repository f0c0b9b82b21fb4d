"""Networks that stand ready for starts by image: what becomes of them as hearthd is killed, replaced and ended."""

import unittest

from support.cases import HearthdCase
from support.waiting import wait_for

# Perl, since it is in every Debian image: nothing needs to be installed.
SERVER = r"""
use IO::Socket::INET;
my $server = IO::Socket::INET->new(LocalPort => $ENV{PORT}, Listen => 16, ReuseAddr => 1) or die $!;
while (my $client = $server->accept) {
  while (my $line = <$client>) { last if $line eq "\r\n" }
  print $client "HTTP/1.1 200 OK\r\nContent-Length: 16\r\nConnection: close\r\n\r\n$ENV{HEARTH_REPLICA}";
}
"""


class Parked(HearthdCase):
    settings = {"parked_min": "1", "parked_max": "1"}

    def holders(self):
        """Ids of the containers that hold a network."""
        return {one["Id"] for one in self.hearthd.docker.containers(self.hearthd.installation)
                if "_parked-" in one["Names"][0]}

    def await_holders(self, count):
        wait_for(f"{count} networks are held", lambda: len(self.holders()) == count, 60, between=0.05)
        return self.holders()

    def await_ready(self):
        def ready():
            return "\nhearth_parked_networks 1\n" in self.hearthd.ask("GET", "/metrics").text

        wait_for("a network stands ready", ready, 60, between=0.05)

    def joined(self, name):
        """The holder whose network the function's only replica is in."""
        container, = self.hearthd.containers(name)
        mode = self.hearthd.docker.ask("GET", f"/containers/{container}/json")["HostConfig"]["NetworkMode"]
        kind, _, holder = mode.partition(":")
        self.assertEqual(kind, "container", mode)
        return holder

    def test_go_with_their_replica_and_never_serve_another(self):
        hearthd = self.hearthd
        self.assertEqual(self.holders(), set(), "no function could use one")
        hearthd.deploy("parked", {"fn.yaml": "name: parked\nbuild: ./Dockerfile\nnetwork: {egress: deny}\n",
                                  "server.pl": SERVER,
                                  "Dockerfile": "FROM debian:bookworm-slim\nCOPY server.pl /\nCMD [\"perl\", \"/server.pl\"]\n"})
        self.await_ready()
        ready = self.holders()
        replica = hearthd.call("parked").text
        held = self.joined("parked")
        self.assertEqual({held}, ready)
        ready = self.await_holders(2) - {held}

        hearthd.kill()
        hearthd.start()

        self.assertEqual(hearthd.call("parked").text, replica, "it is adopted, with its network")
        wait_for("what nobody knows is gone", lambda: not self.holders() & ready, 30, between=0.05)
        self.await_holders(2)
        before = hearthd.process
        hearthd.settings["replace"] = "true"
        hearthd.start(await_ready=False)
        del hearthd.settings["replace"]
        self.assertEqual(before.wait(60), 0)
        hearthd.await_ready()
        self.assertEqual(hearthd.call("parked").text, replica, "the next hearthd serves with it")
        self.assertIn(held, self.await_holders(2))

        self.await_ready()
        hearthd.docker.kill(held)

        wait_for("the replica is ended", lambda: not hearthd.containers("parked"), 30, between=0.05)
        again = hearthd.call("parked")
        self.assertEqual(again.status, 200, again)
        self.assertNotEqual(self.joined("parked"), held)
        self.assertIn("its network is gone", hearthd.fn("logs", "parked").stdout)
        hearthd.stop()
        self.assertEqual(self.await_holders(1), {self.joined("parked")}, "what stood ready ends with hearthd")
        hearthd.start()
        self.assertEqual(hearthd.delete("parked").status, 204)
        hearthd.await_nothing_left()


if __name__ == "__main__":
    unittest.main()
