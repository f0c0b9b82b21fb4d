"""The first call of a replica that was frozen, beside a call of the same replica while it is warm."""
from bed import Bed, manifest_knows, progress
from figures import Absent, Figure
from functions import HANDLERS
from support.waiting import wait_for

TITLE = "Resume of a frozen replica"
SAMPLES = 15
SETTINGS = "scale: {idle_timeout: 10m, freeze: 100ms}\n"


def measure(options):
    if not manifest_knows("scale.freeze"):
        return [Absent("frozen", "fn.yaml of this hearthd has no scale.freeze")]
    frozen = {name: [] for name in HANDLERS}
    warm = {name: [] for name in HANDLERS}
    with Bed() as bed:
        for name, files in HANDLERS.items():
            bed.deploy(name, files, SETTINGS, dependencies=True)
            bed.call(name)
            resume(bed, name)
        for number in range(options.rounds):
            for name in HANDLERS:
                pairs = [resume(bed, name) for _ in range(SAMPLES)]
                frozen[name].append([first for first, _ in pairs])
                warm[name].append([second for _, second in pairs])
            progress(f"round {number + 1} of {options.rounds}")
    made = []
    for name in HANDLERS:
        made.append(Figure(f"{name}, frozen", "ms", frozen[name], floor=f"{name}, warm",
                           goals=[{"of": "above floor", "most": 1}]))
        made.append(Figure(f"{name}, warm", "ms", warm[name]))
    return made


def resume(bed, name):
    """Milliseconds of a call to the frozen replica, and of the next, when it is warm."""
    def is_frozen():
        replicas = bed.hearthd.function(name, "/replicas")["items"]
        return [one["phase"] for one in replicas] == ["frozen"]
    wait_for(f"{name} is frozen", is_frozen, 30, between=0.02)
    return bed.call(name).ms, bed.call(name).ms
