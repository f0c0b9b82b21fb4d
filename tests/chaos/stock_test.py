"""Stock servers as functions: Node's http, gunicorn, uvicorn, Go's net/http and nginx keep their own ways."""

import concurrent.futures
import http.client
import os
import socket
import time
import unittest

from support.cases import HearthdCase, tell
from support.waiting import wait_for

import stock

MIB = os.urandom(1 << 20)


class Stock(HearthdCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        begun = time.monotonic()
        for server in stock.COMMANDS:
            stock.deploy(cls.hearthd, server)
        tell(f"{len(stock.COMMANDS)} images built in {time.monotonic() - begun:.0f} s")

    def of_each(self, check):
        """One after the other, so that a fault has a name."""
        for server in stock.COMMANDS:
            with self.subTest(server):
                check(server)

    def call(self, server, path, method="GET", body=None, headers=None):
        answer = self.hearthd.call(server, path, method, body, headers)
        self.assertEqual(answer.status, 200, f"{server} {method} {path}: {answer}")
        return answer

    def connection(self):
        connection = http.client.HTTPConnection(self.hearthd.gateway, timeout=30)
        self.addCleanup(connection.close)
        return connection

    def test_gets(self):
        self.of_each(lambda server: self.assertEqual(self.call(server, "/hello").text, "hello\n"))

    def test_heads_have_no_body_and_leave_the_connection_usable(self):
        def check(server):
            connection = self.connection()
            for method, expected in (("HEAD", b""), ("GET", b"hello\n"), ("HEAD", b""), ("GET", b"hello\n")):
                connection.request(method, f"/fn/{server}/hello")
                answer = connection.getresponse()
                self.assertEqual((answer.status, answer.read()), (200, expected))

        self.of_each(check)

    def test_posts_come_back(self):
        def check(server):
            for body in (b"x", b"a line\n" * 100):
                self.assertEqual(self.call(server, "/echo", "POST", body).body, body)

        self.of_each(check)

    def test_chunked_uploads_come_back(self):
        pieces = [b"first,", b"second" * 3000, b",last"]  # of no known length in all, so they go as chunks
        self.of_each(lambda server: self.assertEqual(self.call(server, "/echo", "POST", iter(pieces)).body,
                                                     b"".join(pieces)))

    def test_a_mebibyte_goes_each_way(self):
        self.of_each(lambda server: self.assertEqual(self.call(server, "/echo", "POST", MIB).body, MIB))

    def test_many_at_once(self):
        def check(server):
            with concurrent.futures.ThreadPoolExecutor(24) as pool:
                bodies = [f"call {number}".encode() for number in range(150)]
                answers = list(pool.map(lambda body: self.call(server, "/echo", "POST", body), bodies))
            self.assertEqual([answer.body for answer in answers], bodies)

        self.of_each(check)

    def test_a_client_that_leaves_disturbs_nobody(self):
        def check(server):
            self.call(server, "/hello")
            host, port = self.hearthd.gateway.split(":")
            with socket.create_connection((host, int(port))) as client:
                client.sendall(f"GET /fn/{server}/slow HTTP/1.1\r\nHost: h\r\n\r\n".encode())
                wait_for("the call runs", lambda: self.in_flight(server) == 1, 10)
            wait_for("the call is over", lambda: self.in_flight(server) == 0, 2)
            self.assertEqual(self.call(server, "/hello").text, "hello\n")

        self.of_each(check)

    def in_flight(self, server):
        return sum(one["in_flight"] for one in self.hearthd.function(server, "/replicas")["items"])

    def test_connections_kept_across_the_servers_idle_times_lose_no_call(self):
        """POSTs, which may not be sent twice, at pauses around those after which these servers close: 2 s, 5 s."""
        pauses = [1.9, 2.0, 2.1, 4.4, 4.5, 4.9, 5.0, 5.1]
        with concurrent.futures.ThreadPoolExecutor(len(stock.COMMANDS)) as pool:
            for server, lost in zip(stock.COMMANDS, pool.map(lambda one: self.lost_after(one, pauses), stock.COMMANDS)):
                with self.subTest(server):
                    self.assertEqual(lost, [])

    def test_servers_frozen_for_longer_than_they_keep_connections_lose_no_call(self):
        """By their clocks, which go on meanwhile, all that was kept is to be closed when they are thawed."""
        names = {server: f"{server}-frozen" for server in ("node", "gunicorn", "gunicorn-threads", "go")}
        for server, name in names.items():
            stock.deploy(self.hearthd, server, name, "scale: {freeze: 1s, max: 1}\n")
            self.assertEqual(self.echoes(name, 8), [200] * 8)
        for name in names.values():
            wait_for(f"{name} is frozen",
                     lambda: self.hearthd.function(name, "/replicas")["items"][0]["phase"] == "frozen", 20)
        containers = {name: self.hearthd.containers(name) for name in names.values()}
        time.sleep(10)  # the time is the test
        for name in names.values():
            with self.subTest(name):
                self.assertEqual(self.echoes(name, 8), [200] * 8)
                self.assertEqual(self.hearthd.containers(name), containers[name])

    def echoes(self, name, count):
        """Statuses of so many POSTs at once, each of which may not be sent twice."""
        with concurrent.futures.ThreadPoolExecutor(count) as pool:
            return list(pool.map(lambda _: self.hearthd.call(name, "/echo", "POST", b"again").status, range(count)))

    def lost_after(self, server, pauses):
        lost = []
        self.call(server, "/echo", "POST", b"first")
        for pause in pauses:
            time.sleep(pause)  # the pause is the test: their timers cannot be told the time
            answer = self.hearthd.call(server, "/echo", "POST", b"again")
            if (answer.status, answer.body) != (200, b"again"):
                lost.append((pause, repr(answer)))
        return lost


if __name__ == "__main__":
    unittest.main()
