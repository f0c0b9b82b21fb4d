"""A real Prometheus scrapes hearthd; the dashboard's queries and the alert rules are evaluated by it."""

import json
import re
import shutil
import subprocess
import tempfile
import unittest
import urllib.parse
from pathlib import Path

from support.calls import call
from support.cases import HearthdCase, tell
from support.waiting import free_port, wait_for

MONITORING = Path(__file__).resolve().parents[2] / "docs/monitoring"

HANDLER = """
    def handle(request, context):
        if "raise" in request.query:
            raise ValueError("asked to")
        return "hello"
"""

# Words of PromQL that stand where a metric's name could.
WORDS = {"by", "without", "on", "ignoring", "group_left", "group_right", "and", "or", "unless", "bool", "offset", "le"}


def metric_names(expression):
    """The metrics that a query reads: its words but functions, labels and keywords."""
    bare = re.sub(r"\{[^}]*\}|\"[^\"]*\"|\[[^\]]*\]", " ", expression)
    bare = re.sub(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", " ", bare)
    return {word for word in re.findall(r"[a-zA-Z_:][\w:]*(?!\w|\s*\()", bare) if word not in WORDS}


def queries():
    """(panel, query) of the dashboard, with its variables filled in."""
    dashboard = json.loads((MONITORING / "grafana.json").read_text())
    fillings = {"$__rate_interval": "1m", "$__range": "5m", "$namespace": ".*", "$function": ".*"}
    found = [(f"variable {one['name']}", re.fullmatch(r"label_values\((.*), \w+\)", one["query"])[1])
             for one in dashboard["templating"]["list"] if one["type"] == "query"]
    for panel in dashboard["panels"]:
        found += [(panel["title"], target["expr"]) for target in panel.get("targets", [])]
    for title, expression in found:
        for variable, value in fillings.items():
            expression = expression.replace(variable, value)
        yield title, expression


class Prometheus:
    """Scrapes hearthd every second, as docs/guides/metering.md says how."""

    def __init__(self, hearthd):
        self.folder = Path(tempfile.mkdtemp(prefix="hearth-prometheus-", dir="/tmp"))
        self.address = f"127.0.0.1:{free_port()}"
        config = self.folder / "prometheus.yml"
        config.write_text(json.dumps({  # JSON is YAML, too
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(MONITORING / "alerts.yml")],
            "scrape_configs": [{"job_name": "hearth",
                                "authorization": {"credentials_file": str(hearthd.config_dir / "token")},
                                "static_configs": [{"targets": [hearthd.api]}]}]}))
        subprocess.run(["promtool", "check", "config", config], check=True, capture_output=True)
        self._log = open(self.folder / "log", "wb")
        self._process = subprocess.Popen(["prometheus", f"--config.file={config}", f"--web.listen-address={self.address}",
                                          f"--storage.tsdb.path={self.folder}/data", "--log.level=warn"],
                                         stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log)

    def ask(self, path):
        return call(f"http://{self.address}/api/v1/{path}").json()

    def result(self, query):
        """What a query gives; an assertion with Prometheus' own words where it cannot be evaluated."""
        answer = self.ask("query?query=" + urllib.parse.quote(query))
        if answer["status"] != "success":
            raise AssertionError(f"{query}: {answer['error']}")
        return answer["data"]["result"]

    def ready(self):
        if self._process.poll() is not None:
            raise AssertionError("prometheus ended: " + (self.folder / "log").read_text(errors="replace")[-2000:])
        try:
            return call(f"http://{self.address}/-/ready", timeout=5).status == 200
        except OSError:
            return False

    def close(self):
        self._process.terminate()
        self._process.wait(30)
        self._log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Monitoring(HearthdCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.hearthd.deploy_python("hello", HANDLER, "limits: {memory: 128Mi}")
        assert [cls.hearthd.call("hello", path).status for path in ("?", "?", "?raise=1")] == [200, 200, 500]

    def metrics(self):
        answer = self.hearthd.ask("GET", "/metrics")
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
        return answer.text

    def value(self, line):
        """Of the one series that begins so."""
        found = re.findall(rf"^{re.escape(line)} (\S+)$", self.metrics(), re.M)
        self.assertEqual(len(found), 1, line)
        return float(found[0])

    def test_metrics_keep_the_conventions_of_prometheus(self):
        checked = subprocess.run(["promtool", "check", "metrics"], input=self.metrics(), capture_output=True, text=True,
                                 check=False)
        self.assertEqual((checked.returncode, checked.stdout + checked.stderr), (0, ""))

    def test_metrics_say_what_happened(self):
        function = 'namespace="default",function="hello"'
        self.assertEqual(self.value(f'hearth_calls_total{{{function},status_class="2xx"}}'), 2)
        self.assertEqual(self.value(f'hearth_calls_total{{{function},status_class="5xx"}}'), 1)
        self.assertEqual(self.value(f'hearth_call_errors_total{{{function},reason="failed",layer="function"}}'), 1)
        self.assertEqual(self.value(f"hearth_cold_starts_total{{{function}}}"), 1)
        self.assertEqual(self.value(f'hearth_replicas{{{function},state="warm"}}'), 1)
        self.assertEqual(self.value(f'hearth_call_duration_seconds_count{{{function},phase="exec"}}'), 3)
        self.assertEqual(self.value(f'hearth_call_duration_seconds_count{{{function},phase="held"}}'), 1)
        self.assertEqual(self.value('hearth_build_duration_seconds_count{result="ready"}'), 1)
        self.assertEqual(self.value("hearth_engine_reachable"), 1)
        resident = self.value("process_resident_memory_bytes") / 2**20
        self.assertAlmostEqual(resident, self.hearthd.resident_mib(), delta=20)

    def test_metrics_want_the_token(self):
        self.assertEqual(call(f"http://{self.hearthd.api}/metrics").status, 401)

    def test_prometheus_scrapes_and_evaluates_every_query(self):
        rules = subprocess.run(["promtool", "check", "rules", MONITORING / "alerts.yml"], capture_output=True, text=True,
                               check=False)
        self.assertEqual(rules.returncode, 0, rules.stdout + rules.stderr)
        self.hearthd.raw("/async/hello", "POST", b"so that there are figures of durable calls")
        prometheus = Prometheus(self.hearthd)
        self.addCleanup(prometheus.close)
        wait_for("prometheus is ready", prometheus.ready, 60)
        wait_for("it has scraped", lambda: prometheus.result('up{job="hearth"} == 1'), 30)
        served = set(prometheus.ask("label/__name__/values")["data"])
        asked = list(queries())
        self.assertGreater(len(asked), 15)
        for title, query in asked:
            names = metric_names(query)
            self.assertTrue(names and names <= served, f"{title}: {query} reads {names - served or 'nothing'}")
            # A rate needs two scrapes; what reads nothing at all would be an empty panel for good.
            wait_for(f"{title}: {query} gives something", lambda query=query: prometheus.result(query), 20, between=0.2)

        groups = wait_for("the rules are evaluated", lambda: self.evaluated(prometheus), 30, between=0.2)
        for rule in (rule for group in groups for rule in group["rules"]):
            self.assertEqual(rule["health"], "ok", rule)
            self.assertTrue(metric_names(rule["query"]) <= served | {"up"}, rule["query"])
        tell(f"{len(asked)} queries and {sum(len(group['rules']) for group in groups)} rules evaluated by Prometheus")

    @staticmethod
    def evaluated(prometheus):
        groups = prometheus.ask("rules")["data"]["groups"]
        known = all(rule["health"] != "unknown" for group in groups for rule in group["rules"])
        return groups if known else None


class MetricNames(unittest.TestCase):
    def test_are_found_in_queries(self):
        rows = {'sum by (function) (rate(a_total{x="b_total"}[1m]))': {"a_total"},
                "a / on (c) group_left (d) b > 1": {"a", "b"},
                "histogram_quantile(0.9, sum by (le, function) (rate(a_bucket[5m])))": {"a_bucket"},
                "time() - a": {"a"}}
        for query, names in rows.items():
            self.assertEqual(metric_names(query), names, query)


if __name__ == "__main__":
    unittest.main()
