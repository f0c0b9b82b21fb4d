"""HTTP triggers of deployed functions: hosts, methods and paths, clashes, CORS, and what goes through unread."""

import gzip
import json
import unittest

from support.calls import call
from support.cases import HearthdCase
from support.hearthd import problem

SHOP = """
def handle(request, context):
    return {"method": request.method, "path": request.path, "params": dict(request.params),
            "prefix": request.headers.get("x-forwarded-prefix")}
"""
SHOP_ROUTES = """
triggers:
  - http: {path: "/api/users/{userId}", methods: [GET, DELETE]}
  - http: {path: "/api/users/{userId}/files/{rest...}", host: "*.shop.example"}
"""


class Routes(HearthdCase):
    def ask(self, path, method="GET", **headers):
        return call(f"http://{self.hearthd.gateway}{path}", method, headers=headers)

    def deploy(self, name, handler, settings, check=True):
        done = self.hearthd.deploy_python(name, handler, settings, check)
        self.addCleanup(self.hearthd.delete, name)
        return done

    def test_requests_find_their_function_by_host_method_and_path(self):
        deployed = self.deploy("shop", SHOP, SHOP_ROUTES)
        port = self.hearthd.gateway.split(":")[1]
        routes = [f"GET, DELETE http://{self.hearthd.gateway}/api/users/{{userId}}",
                  f"http://*.shop.example:{port}/api/users/{{userId}}/files/{{rest...}}"]
        self.assertEqual(deployed.stdout.splitlines(), [f"http://{self.hearthd.gateway}/fn/shop", *routes])
        for words in (["get", "shop"], ["list"]):
            shown = self.hearthd.fn(*words).stdout
            for route in routes:
                self.assertIn(route, shown)

        user = self.ask("/api/users/a%2Fb%20%C3%A9?x=1", **{"Hearth-Param-userId": "forged"})
        self.assertEqual(user.json(), {"method": "GET", "path": "/api/users/a%2Fb%20%C3%A9",
                                       "params": {"userid": "a/b é"}, "prefix": None})
        file = self.ask("/api/users/7/files/x/y.txt", "PUT", Host="eu.shop.example")
        self.assertEqual(file.json()["params"], {"userid": "7", "rest": "x/y.txt"})
        self.assertEqual(self.hearthd.call("shop", "/api/users/7").json()["prefix"], "/fn/shop")

        self.assertEqual(self.ask("/api/users/7", "HEAD").status, 200)
        refused = self.ask("/api/users/7", "POST")
        self.assertEqual((refused.status, refused.headers["Allow"]), (405, "GET, HEAD, DELETE"))
        self.assertEqual(problem(refused)["layer"], "client")
        self.assertEqual(self.ask("/api/users/7/files/x").status, 404, "without the host")
        self.assertEqual(self.ask("/api/users/../users/7").status, 404, "what a dot segment means is nobody's guess")

    def test_two_functions_cannot_have_one_route_until_the_first_gives_it_up(self):
        self.deploy("first", "def handle(request, context): return 'first'",
                    'triggers: [{http: {path: "/taken/{id}"}}]\n')
        clash = self.deploy("second", "def handle(request, context): return 'second'",
                            'triggers: [{http: {path: "/taken/{name}", methods: []}}]\n', check=False)
        self.assertEqual(clash.returncode, 3, clash)
        for words in ("/taken/{name} of second", "/taken/{id} of first"):
            self.assertIn(words, clash.stderr)
        self.assertEqual(self.ask("/taken/1").text, "first")
        self.hearthd.fn("delete", "first")
        self.assertEqual(self.ask("/taken/1").status, 404)
        self.deploy("second", "def handle(request, context): return 'second'",
                    'triggers: [{http: {path: "/taken/{name}"}}]\n')
        self.assertEqual(self.ask("/taken/1").text, "second")

    def test_a_fault_in_a_trigger_has_its_line_and_column(self):
        wrong = self.deploy("wrong", "def handle(request, context): return ''",
                            'triggers:\n  - http: {path: "/a/{id", metods: [GET]}\n', check=False)
        self.assertEqual(wrong.returncode, 3, wrong)
        self.assertRegex(wrong.stderr, r"fn\.yaml:5:18: triggers\[0\]\.http\.path: column 4: \{ without \}")
        self.assertRegex(wrong.stderr, r"fn\.yaml:5:28: triggers\[0\]\.http\.metods: .*did you mean methods\?")

    def test_a_preflight_wakes_no_function_and_answers_carry_cors(self):
        self.deploy("paged", "def handle(request, context): raise ValueError('wrong')", """
            triggers:
              - http:
                  path: /paged
                  methods: [GET, PUT]
                  cors: {origins: ["https://app.example"], credentials: true, max_age: 1h}
            """)
        page = {"Origin": "https://app.example", "Access-Control-Request-Method": "PUT",
                "Access-Control-Request-Headers": "x-one"}
        preflight = self.ask("/paged", "OPTIONS", **page)
        self.assertEqual(preflight.status, 204, preflight)
        self.assertEqual(preflight.headers["Access-Control-Allow-Origin"], "https://app.example")
        self.assertEqual(preflight.headers.get_all("Access-Control-Allow-Methods"), ["GET", "PUT"])
        self.assertEqual(preflight.headers["Access-Control-Allow-Headers"], "x-one")
        self.assertEqual(preflight.headers["Access-Control-Max-Age"], "3600")
        self.assertIn("Origin", preflight.headers.get_all("Vary"))
        self.assertEqual(self.ask("/paged", "OPTIONS", **{**page, "Origin": "https://evil.example"}).status, 403)
        self.assertEqual(self.hearthd.state("paged"), "cold")
        self.assertEqual(self.hearthd.containers("paged"), set())

        failed = self.ask("/paged", Origin="https://app.example")
        self.assertEqual(failed.status, 500)
        self.assertEqual(failed.headers["Access-Control-Allow-Origin"], "https://app.example")
        self.assertEqual(failed.headers["Access-Control-Allow-Credentials"], "true")

    def test_compression_and_ranges_go_through_both_ways(self):
        self.deploy("file", """
            import gzip
            from hearth import Response

            CONTENT = bytes(range(256)) * 40

            def handle(request, context):
                if "gzip" in request.headers.get("accept-encoding", ""):
                    return Response(200, {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}, gzip.compress(CONTENT))
                if "range" not in request.headers or request.headers.get("if-range") not in (None, '"v1"'):
                    return Response(200, {"ETag": '"v1"', "Accept-Ranges": "bytes"}, CONTENT)
                first, last = map(int, request.headers["range"].removeprefix("bytes=").split("-"))
                return Response(206, {"ETag": '"v1"', "Content-Range": f"bytes {first}-{last}/{len(CONTENT)}"},
                                CONTENT[first:last + 1])
            """, 'triggers: [{http: {path: "/file"}}]\n')
        content = bytes(range(256)) * 40
        packed = self.ask("/file", **{"Accept-Encoding": "gzip"})
        self.assertEqual(packed.headers["Content-Encoding"], "gzip")
        self.assertEqual(gzip.decompress(packed.body), content)
        self.assertEqual(self.ask("/file", **{"Accept-Encoding": "identity"}).body, content)
        part = self.ask("/file", Range="bytes=1000-1999", **{"If-Range": '"v1"', "Accept-Encoding": "identity"})
        self.assertEqual((part.status, part.body), (206, content[1000:2000]))
        self.assertEqual(part.headers["Content-Range"], "bytes 1000-1999/10240")
        stale = self.ask("/file", Range="bytes=1-2", **{"If-Range": '"v0"', "Accept-Encoding": "identity"})
        self.assertEqual((stale.status, stale.body), (200, content))

    def test_routes_outlive_hearthd(self):
        self.deploy("kept", "def handle(request, context): return 'kept'", "triggers: [{http: {path: /kept}}]\n")
        self.hearthd.stop()
        self.hearthd.start()
        self.assertEqual(self.ask("/kept").text, "kept")
        listed = json.loads(self.hearthd.fn("get", "kept", "--output", "json").stdout)
        self.assertEqual(listed["routes"], [{"url": f"http://{self.hearthd.gateway}/kept", "methods": []}])


if __name__ == "__main__":
    unittest.main()
