"""More functions than fit: a start takes the memory of those that idle, and never more is held than there is."""

import json
import unittest

from support.cases import HearthdCase
from support.waiting import wait_for

NAMES = [f"one-of-six-{number}" for number in range(6)]

HANDLER = """
    import os
    def handle(request, context):
        return os.environ["HEARTH_FUNCTION"]
"""


class Memory(HearthdCase):
    """Memory for three replicas."""
    settings = {"memory": "192Mi"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.hearthd.deploy_python(NAMES[0], HANDLER, "limits: {memory: 64Mi, timeout: 20s, concurrency: 1}\nscale: {max: 1}")
        first = cls.hearthd.function(NAMES[0], "/revisions/1")
        for name in NAMES[1:]:
            cls.put(name, first)
        for name in NAMES:
            wait_for(f"{name} is built",
                     lambda name=name: cls.hearthd.function(name, "/revisions/1")["state"] == "ready", 60, between=0.05)

    @classmethod
    def put(cls, name, like):
        answer = cls.hearthd.ask("PUT", f"/v1/namespaces/default/functions/{name}",
                                 json.dumps({"spec": {**like["spec"], "name": name}, "package": like["package"]}),
                                 {"Content-Type": "application/json"})
        assert answer.status == 202, answer

    def test_each_answers_and_no_more_live_than_fit(self):
        most = 0
        for _ in range(2):
            for name in NAMES:
                answer = self.hearthd.call(name, timeout=30)
                self.assertEqual((answer.status, answer.text), (200, name))
                most = max(most, sum(len(self.hearthd.containers(each)) for each in NAMES))
        self.assertLessEqual(most, 3)


if __name__ == "__main__":
    unittest.main()
