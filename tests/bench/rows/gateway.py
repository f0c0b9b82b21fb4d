"""The warm path: hearthd's gateway beside nginx before the same upstream (tests/bench/gateway.py, which tells how)."""
import json
import subprocess
import sys

from figures import Figure
from results import ROOT

TITLE = "The warm path, beside nginx"


def measure(options):
    command = [sys.executable, ROOT / "tests/bench/gateway.py", "--programs", options.programs, "--rounds", options.rounds,
               "--seconds", options.seconds, "--output", "json"]
    told = json.loads(subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, check=True, text=True).stdout)
    return [Figure(**one) for one in told["figures"]]
