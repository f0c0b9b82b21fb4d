"""What HTTP asks of a runtime: answers, bodies and connections, tried on a container's own socket."""

import contextlib
import json
import re

from conforming import Direct, can
from support.raw_http import until


class Http(Direct):
    # --- answers ---

    def test_a_plain_answer(self):
        answer = self.replica.call(target="/hello")
        self.assertEqual((answer.status, answer.text.strip()), (200, "hello"))
        self.assertTrue(answer.headers["content-type"].startswith("text/"), answer.headers)

    @can("quiet")
    def test_it_says_that_it_is_quiet_when_no_call_runs(self):
        self.assertEqual(self.replica.call(target="/hello").status, 200)
        until(lambda: self.replica.call(target="/.hearth/quiet", headers=["Hearth-Ask: quiet"]).status == 204)

    @can("held", "quiet")
    def test_it_is_not_quiet_while_a_call_runs(self):
        client = self.client()
        client.request(target="/held")
        until(lambda: self.replica.call(target="/.hearth/quiet", headers=["Hearth-Ask: quiet"]).status == 409)
        self.replica.open_gate()
        self.assertEqual(client.answer().status, 200)

    @can("echo")
    def test_bytes_come_back_as_they_were_sent_with_their_type(self):
        body = bytes(range(256)) * 4
        answer = self.replica.call("POST", "/echo", body, ["Content-Type: image/x-test"])
        self.assertEqual((answer.status, answer.headers["content-type"], answer.body), (200, "image/x-test", body))

    @can("request")
    def test_the_handler_sees_the_request(self):
        answer = self.replica.call("PUT", "/seen/a%20b?a=1&b=%C3%A9", b"", ["X-Test: value"])
        seen = json.loads(answer.body)
        self.assertEqual((seen["method"], seen["query"], seen["header"]), ("PUT", "a=1&b=%C3%A9", "value"))
        self.assertIn(seen["path"], ("/seen/a b", "/seen/a%20b"))

    @can("params")
    def test_parameters_of_the_path_are_the_languages_own_and_decoded(self):
        sent = ["Hearth-Param-id: a%2Fb%20%C3%A9+", "Hearth-Param-rest_of: x/y"]
        answer = self.replica.call(target="/people/a%2Fb%20%C3%A9+/x/y", headers=sent)
        self.assertEqual(json.loads(answer.body), {"id": "a/b é+", "rest_of": "x/y"})

    @can("status")
    def test_the_handler_says_status_and_headers(self):
        answer = self.replica.call(target="/teapot")
        self.assertEqual((answer.status, answer.headers["x-kind"], answer.text.strip()), (418, "tea", "short and stout"))

    @can("cookies")
    def test_a_field_may_repeat(self):
        client = self.client()
        client.request(target="/cookies")
        raw = client.take(1)
        while b"\r\n\r\n" not in raw:
            raw += client.take(1)
        self.assertEqual(re.findall(rb"(?im)^set-cookie: ([ab]=\d)", raw), [b"a=1", b"b=2"])

    @can("json")
    def test_json(self):
        answer = self.replica.call(target="/json")
        self.assertTrue(answer.headers["content-type"].startswith("application/json"), answer.headers)
        self.assertEqual(json.loads(answer.body), {"name": "Ada"})

    @can("empty")
    def test_nothing_is_204(self):
        answer = self.replica.call(target="/empty")
        self.assertEqual(answer.status, 204)
        self.assertNotIn("content-length", answer.headers)

    @can("status")
    def test_a_length_that_is_not_the_bodys_is_no_other_calls_answer(self):
        for path in ("/says-2", "/says-9", "/says-two"):
            client = self.client()
            client.request(target=path)
            with contextlib.suppress(EOFError, ConnectionError):  # broken off, nobody takes it for whole
                answer = client.answer()
                self.assertIn((answer.status, answer.text), [(200, "abcdef"), (200, "ab"), (500, answer.text)])
                client.request(target="/hello")
                self.assertEqual(client.answer().text.strip(), "hello")

    def test_more_fields_than_a_caller_may_send_are_taken(self):
        fields = [f"X-{number}: {number}" for number in range(200)]  # the gateway lets 100 in, and adds its own
        self.assertEqual(self.replica.call(target="/hello", headers=fields).status, 200)

    def test_head_sends_the_head_alone(self):
        client = self.client()
        client.request("HEAD", "/hello")
        self.assertEqual(client.answer("HEAD").status, 200)
        client.request("GET", "/hello")
        self.assertEqual(client.answer().text.strip(), "hello")

    def test_an_unknown_path_is_the_handlers_own_404(self):
        self.assertEqual(self.replica.call(target="/nowhere").status, 404)

    # --- bodies ---

    @can("held")
    def test_pieces_come_as_they_are_written(self):
        client = self.client()
        client.request(target="/held")
        self.assertEqual(client.head()[0], 200)
        self.assertEqual(client.chunk().strip(), b"begun")  # the handler still waits for the gate
        self.assertTrue(client.is_silent())
        self.replica.open_gate()
        self.assertEqual(b"".join(iter(client.chunk, b"")).strip(), b"over")

    @can("size")
    def test_a_large_upload_is_read_whole(self):
        self.assertEqual(self.replica.call("POST", "/size", b"x" * (8 << 20)).text.strip(), str(8 << 20))

    @can("stream-in")
    def test_an_upload_that_streams_does_not_grow_memory(self):
        client = self.client()
        client.send(b"POST /size-streamed HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (400 << 20))
        before, most = self.replica.memory_mib(), 0
        for piece in range(400):
            client.send(b"x" * (1 << 20))
            if piece % 100 == 99:
                most = max(most, self.replica.memory_mib())
        self.assertEqual(client.answer().text.strip(), str(400 << 20))
        self.assertLess(most, before + 60)

    @can("big")
    def test_a_large_answer(self):
        self.assertEqual(len(self.replica.call(target="/big").body), 8 << 20)

    @can("echo")
    def test_a_chunked_request(self):
        client = self.client()
        client.send(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
                    b"3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n")
        self.assertEqual(client.answer().body, b"abcdefg")

    @can("echo")
    def test_a_client_that_waits_for_100_is_told_to_go_on(self):
        client = self.client()
        client.send(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        self.assertEqual(client.head()[0], 100)
        client.send(b"abc")
        self.assertEqual(client.answer().body, b"abc")

    # --- connections ---

    def test_a_kept_connection_carries_many_calls(self):
        client = self.client()
        for _ in range(50):
            client.request(target="/hello")
            self.assertEqual(client.answer().text.strip(), "hello")

    def test_pipelined_requests_are_answered_in_order(self):
        client = self.client()
        paths = ["/hello", "/nowhere"] * 5
        client.send(b"".join(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode() for path in paths))
        self.assertEqual([client.answer().status for _ in paths], [200, 404] * 5)

    def test_connection_close_is_obeyed(self):
        client = self.client()
        client.request(target="/hello", headers=["Connection: close"])
        client.answer()
        self.assertTrue(client.is_ended())

    def test_garbage_ends_its_connection_and_no_more(self):
        for garbage in (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"GET\r\n\r\n"):
            client = self.client()
            client.send(garbage)
            with contextlib.suppress(EOFError, ConnectionError):
                self.assertGreaterEqual(client.head()[0], 400)
        self.assertEqual(self.replica.call(target="/hello").status, 200)
