"""What handlers may return, and what becomes of it."""

import json
import unittest

from replica import Replica

HANDLERS = """
import asyncio, inspect
from hearth import BadRequest, Response

async def later():
    await asyncio.sleep(0)
    return {"late": True}

async def pieces():
    yield "a"
    await asyncio.sleep(0)
    yield b"b"

def broken():
    yield "first"
    raise RuntimeError("broke off")

def answers(request, context):
    return {
        "/bytes": lambda: b"\\x00\\x01", "/text": lambda: "héllo", "/dict": lambda: {"name": "Ada"},
        "/list": lambda: [1, 2], "/number": lambda: 4.5, "/true": lambda: True, "/none": lambda: None,
        "/response": lambda: Response(201, {"X-Kind": "tea", "Content-Type": "text/tea"}, "leaves"),
        "/json": lambda: Response(202, body={"queued": True}), "/teapot": lambda: Response(418, [("Set-Cookie", "a=1"),
        ("Set-Cookie", "b=2")], "short and stout"),
        "/iterator": lambda: iter(["one", b"two"]), "/async": pieces, "/later": later, "/broken": broken,
        "/length": lambda: Response(200, {"Content-Length": "4"}, iter(["ab", "cd"])),
        "/empty": lambda: iter([]), "/304": lambda: Response(304, {"ETag": '"1"'}),
        "/object": lambda: object(), "/nan": lambda: {"x": float("nan")}, "/set": lambda: {"x": {1}},
        "/status": lambda: Response(99), "/inject": lambda: Response(200, {"X": "a\\r\\nSet-Cookie: b"}),
        "/raise": lambda: {}["missing"], "/bad": lambda: (_ for _ in ()).throw(BadRequest("no name")),
        "/exit": lambda: exit(3), "/parse": lambda: request.json(),
        "/seen": lambda: {"method": request.method, "path": request.path, "query": request.query,
          "all": request.query.all("a"), "raw": request.raw_query, "agent": request.headers["USER-AGENT"],
          "text": request.text},
        "/context": lambda: {"call": context.call_id, "function": context.function, "namespace": context.namespace,
          "revision": context.revision, "left": context.remaining(), "parent": context.traceparent},
    }[request.path]()
"""
PLAIN = HANDLERS + """
def handle(request, context):
    return answers(request, context)
"""
ASYNC = HANDLERS + """
async def handle(request, context):
    result = answers(request, context)
    return await result if inspect.iscoroutine(result) else result
"""


class Answers:
    """The same table for a plain and for an async handler."""

    source = None

    @classmethod
    def setUpClass(cls):
        cls.replica = cls.enterClassContext(Replica(cls.source))

    def body_of(self, path, status=200):
        answer = self.replica.call(target=path)
        self.assertEqual(answer.status, status, answer.body)
        return answer.headers.get("content-type"), answer.body

    def test_bodies_and_their_types(self):
        for path, kind, body in [
            ("/bytes", "application/octet-stream", b"\x00\x01"),
            ("/text", "text/plain; charset=utf-8", "héllo".encode()),
            ("/dict", "application/json", b'{"name":"Ada"}'),
            ("/list", "application/json", b"[1,2]"),
            ("/number", "application/json", b"4.5"),
            ("/true", "application/json", b"true"),
            ("/iterator", "text/plain; charset=utf-8", b"onetwo"),
            ("/async", "text/plain; charset=utf-8", b"ab"),
            ("/later", "application/json", b'{"late":true}'),
            ("/length", "text/plain; charset=utf-8", b"abcd"),
            ("/empty", "text/plain; charset=utf-8", b""),
        ]:
            with self.subTest(path):
                self.assertEqual(self.body_of(path), (kind, body))

    def test_none_is_204_without_a_body_or_its_length(self):
        answer = self.replica.call(target="/none")
        self.assertEqual(answer.status, 204)
        self.assertNotIn("content-length", answer.headers)

    def test_a_response_says_status_and_fields(self):
        answer = self.replica.call(target="/response")
        self.assertEqual((answer.status, answer.headers["x-kind"], answer.headers["content-type"], answer.body),
                         (201, "tea", "text/tea", b"leaves"))
        self.assertEqual(self.body_of("/json", 202), ("application/json", b'{"queued":true}'))
        self.assertEqual(self.replica.call(target="/304").status, 304)

    def test_a_field_may_repeat(self):
        client = self.replica.connect()
        self.addCleanup(client.close)
        client.request(target="/teapot")
        head = client.take(1) + b""
        while b"\r\n\r\n" not in head:
            head += client.take(1)
        self.assertIn(b"Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n", head)

    def test_head_sends_the_head_alone(self):
        client = self.replica.connect()
        self.addCleanup(client.close)
        for path in ("/text", "/iterator", "/async"):
            client.request("HEAD", path)
            self.assertEqual(client.answer("HEAD").status, 200)
        client.request("GET", "/text")
        self.assertEqual(client.answer().body, "héllo".encode())

    def test_an_exception_is_a_problem_that_keeps_its_stack_to_the_log(self):
        answer = self.replica.call(target="/raise", headers=["Hearth-Call-Id: c-17"])
        self.assertEqual(answer.status, 500)
        self.assertEqual(answer.headers["content-type"], "application/problem+json")
        problem = json.loads(answer.body)
        self.assertEqual((problem["title"], problem["layer"], problem["detail"]), ("KeyError", "function", "'missing'"))
        self.assertNotIn("Traceback", answer.text)
        log = self.replica.log()
        self.assertIn("\x1fc-17\x1fTraceback (most recent call last):", log)
        self.assertIn("\x1fc-17\x1fKeyError: 'missing'", log)
        self.assertNotIn("_calls.py", log)

    def test_what_cannot_be_an_answer_is_named(self):
        for path, words in [
            ("/object", "the handler returned object"), ("/nan", "not JSON"), ("/set", "not JSON"),
            ("/status", "a number from 200 to 599, not 99"), ("/inject", "line break"),
        ]:
            with self.subTest(path):
                kind, body = self.body_of(path, 500)
                self.assertEqual(kind, "application/problem+json")
                self.assertIn(words, json.loads(body)["detail"])

    def test_the_callers_fault_is_400(self):
        self.assertEqual(json.loads(self.body_of("/bad", 400)[1])["detail"], "no name")
        answer = self.replica.call("POST", "/parse", b"{not json")
        self.assertEqual((answer.status, json.loads(answer.body)["layer"]), (400, "client"))

    def test_a_handler_that_exits_does_not_end_the_replica(self):
        self.assertEqual(json.loads(self.body_of("/exit", 500)[1])["title"], "SystemExit")
        self.assertEqual(self.body_of("/true")[1], b"true")

    def test_an_answer_that_breaks_off_is_never_taken_for_whole(self):
        client = self.replica.connect()
        self.addCleanup(client.close)
        client.request(target="/broken")
        self.assertEqual(client.head()[0], 200)
        self.assertEqual(client.chunk(), b"first")
        self.assertTrue(client.is_ended())

    def test_what_a_handler_sees(self):
        answer = self.replica.call("POST", "/seen?a=1&a=2&b=%C3%A9", "grüß".encode(), ["User-Agent: test"])
        self.assertEqual(json.loads(answer.body), {
            "method": "POST", "path": "/seen", "query": {"a": "2", "b": "é"}, "all": ["1", "2"],
            "raw": "a=1&a=2&b=%C3%A9", "agent": "test", "text": "grüß"})
        answer = self.replica.call(target="/context", headers=[
            "Hearth-Call-Id: c-1", "Hearth-Deadline-Ms: 5000", "traceparent: 00-aa-bb-01"])
        seen = json.loads(answer.body)
        self.assertTrue(4 < seen.pop("left") <= 5)
        self.assertEqual(seen, {"call": "c-1", "function": "greet", "namespace": "default", "revision": 7,
                                "parent": "00-aa-bb-01"})


class PlainHandler(Answers, unittest.TestCase):
    source = PLAIN


class AsyncHandler(Answers, unittest.TestCase):
    source = ASYNC


class OtherShapes(unittest.TestCase):
    def test_generator_async_generator_and_callable_object(self):
        for source in [
            "def handle(request, context):\n    yield 'a'\n    yield 'b'\n",
            "async def handle(request, context):\n    yield 'a'\n    yield 'b'\n",
            "class H:\n    def __call__(self, request, context):\n        return 'ab'\nhandle = H()\n",
            "class H:\n    async def __call__(self, request, context):\n        return 'ab'\nhandle = H()\n",
            "import functools\nasync def h(word, request, context):\n    return word\nhandle = functools.partial(h, 'ab')\n",
        ]:
            with self.subTest(source), Replica(source) as replica:
                self.assertEqual(replica.call().body, b"ab")
