"""Many functions from zero and back: each answers, each goes cold, and nothing of any of them is left."""

import concurrent.futures
import json
import os
import time
import unittest

from support.cases import HearthdCase, tell
from support.waiting import wait_for

COUNT = int(os.environ.get("HEARTH_TEST_FUNCTIONS", 0)) or (
    200 if int(os.environ.get("HEARTH_TEST_REPEAT", "1")) > 1 else 30)
CALLERS = 8
KEPT = 64  # descriptors of hearthd's idle connections to Docker: at most 16, of three each

HANDLER = """
    import os
    def handle(request, context):
        return os.environ["HEARTH_FUNCTION"]
"""


class Many(HearthdCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        begun = time.monotonic()
        cls.names = [f"many-{number}" for number in range(COUNT)]
        settings = "scale: {idle_timeout: 2s}\nlimits: {memory: 64Mi, cpu: 1}\nenv: {SEEN: x}"
        cls.hearthd.deploy_python(cls.names[0], HANDLER, settings)
        first = cls.hearthd.function(cls.names[0], "/revisions/1")
        for name in cls.names[1:]:  # the same package: only its first upload is fn's
            answer = cls.hearthd.ask("PUT", f"/v1/namespaces/default/functions/{name}",
                                     json.dumps({"spec": {**first["spec"], "name": name}, "package": first["package"]}),
                                     {"Content-Type": "application/json"})
            assert answer.status == 202, answer
        for name in cls.names:
            wait_for(f"{name} is built", lambda name=name: cls.settled(name) == "ready", 120, between=0.05)
        tell(f"{COUNT} functions deployed in {time.monotonic() - begun:.0f} s")

    @classmethod
    def settled(cls, name):
        revision = cls.hearthd.function(name, "/revisions/1")
        if revision["state"] == "failed":
            raise AssertionError(revision["fault"])
        return revision["state"]

    def held(self):
        hearthd = self.hearthd
        return {"resident_mib": hearthd.resident_mib(), "threads": hearthd.threads(),
                "descriptors": hearthd.descriptors()}

    def call_each_once(self):
        """Milliseconds that each call took."""
        def one(name):
            begun = time.monotonic()
            answer = self.hearthd.call(name, timeout=120)
            self.assertEqual((answer.status, answer.text), (200, name))
            return (time.monotonic() - begun) * 1000

        with concurrent.futures.ThreadPoolExecutor(CALLERS) as pool:
            return sorted(pool.map(one, self.names))

    def round(self, which):
        begun = time.monotonic()
        took = self.call_each_once()
        answered = time.monotonic() - begun
        for name in self.names:
            self.hearthd.await_state(name, "cold", 60)
        self.hearthd.await_nothing_left()
        held = self.held()
        tell(f"{which}: {COUNT} functions answered in {answered:.1f} s (cold calls: median {took[len(took) // 2]:.0f} ms, "
             f"longest {took[-1]:.0f} ms), all cold and gone after {time.monotonic() - begun:.1f} s; hearthd holds "
             f"{held['resident_mib']:.1f} MiB, {held['threads']} threads, {held['descriptors']} descriptors")
        return held

    def test_from_zero_and_back_twice(self):
        before = self.held()
        tell(f"before: hearthd holds {before['resident_mib']:.1f} MiB, {before['threads']} threads, "
             f"{before['descriptors']} descriptors")
        first = self.round("once")
        second = self.round("twice")
        # The first round fills caches; what the second adds would be added by each that follows.
        self.assertLessEqual(second["threads"], first["threads"] + 2)
        # What leaked would leak once a function; a kept connection more is none.
        self.assertLess(second["descriptors"], first["descriptors"] + COUNT // 2)
        self.assertLess(second["resident_mib"] - first["resident_mib"], 4 + COUNT / 20)
        self.assertLessEqual(first["descriptors"], before["descriptors"] + KEPT)

        for name in self.names:
            self.assertEqual(self.hearthd.delete(name).status, 204)
        images = self.hearthd.docker.ask("GET", "/images/json")
        ours = [tag for image in images for tag in image["RepoTags"] or [] if self.hearthd.installation in tag]
        self.assertEqual(ours, [])


if __name__ == "__main__":
    unittest.main()
