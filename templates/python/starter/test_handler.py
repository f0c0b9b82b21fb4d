"""Run by: python3 -m unittest"""

import unittest
from types import SimpleNamespace

from handler import handle


def request(body=None, **query):
    """As much of a request as the handler looks at."""
    return SimpleNamespace(json=lambda: body, query=query)


class HandlerTest(unittest.TestCase):
    def test_greets_whoever_the_body_names(self):
        self.assertEqual(handle(request({"name": "Ada"}), None), {"message": "Hello, Ada!"})

    def test_greets_whoever_the_query_names(self):
        self.assertEqual(handle(request(name="Ada"), None), {"message": "Hello, Ada!"})

    def test_greets_the_world_when_nobody_is_named(self):
        self.assertEqual(handle(request(), None), {"message": "Hello, world!"})


if __name__ == "__main__":
    unittest.main()
