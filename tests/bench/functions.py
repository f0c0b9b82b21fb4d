"""The functions that are measured: as small as a handler can be, each with a folder of dependencies beside it."""
import random
import textwrap

DEPENDENCIES = 10 << 20
FILES = 200
SETTINGS = """
    env: {LEVEL: info, REGION: here, COLOUR: green}
    limits: {memory: 256Mi}
    scale: {idle_timeout: %s}
"""
HANDLERS = {
    "python": {"fn.yaml": "runtime: python\nhandler: handler.py:handle\n",
               "handler.py": "def handle(request, context):\n    return 'v1'\n"},
    "node": {"fn.yaml": "runtime: node\nhandler: handler.js\n",
             "package.json": '{"private": true, "type": "module"}\n',
             "handler.js": "export default () => 'v1';\n"},
    "go": {"fn.yaml": "runtime: go\n",
           "go.mod": "module measured\n\ngo 1.19\n\nrequire hearth v0.0.0\n\nreplace hearth => ./hearth\n",
           "handler.go": """
               // Package function answers.
               package function

               import (
               \t"context"
               \t_ "embed"
               \t"net/http"
               )

               //go:embed data.bin
               var data []byte

               // Handle says how much it brought.
               func Handle(ctx context.Context, w http.ResponseWriter, r *http.Request) {
               \tif len(data) == 0 {
               \t\thttp.Error(w, "the data is missing", http.StatusInternalServerError)
               \t\treturn
               \t}
               \tw.Write([]byte("v1"))
               }
               """},
}
# Each says what its import alone took, measured around it.
IMPORTING = {
    "numpy": {"fn.yaml": "runtime: python\nhandler: handler.py:handle\n",
              "requirements.txt": "numpy<2\n",
              "handler.py": """
                  import time

                  begun = time.perf_counter()
                  import numpy
                  took = (time.perf_counter() - begun) * 1e3


                  def handle(request, context):
                      return f"{took:.3f} {int(numpy.arange(4).sum())}"
                  """},
    "express": {"fn.yaml": "runtime: node\nhandler: handler.js\n",
                "package.json": '{"private": true, "type": "module", "dependencies": {"express": "^4"}}\n',
                "handler.js": """
                    const begun = performance.now();
                    const { default: express } = await import('express');
                    const took = performance.now() - begun;

                    export default () => `${took.toFixed(3)} ${typeof express()}`;
                    """},
}
# Sleeps as long as its query says, on its own thread or turn.
SLEEPING = {
    "python": {"fn.yaml": "runtime: python\nhandler: handler.py:handle\n",
               "handler.py": """
                   import time


                   def handle(request, context):
                       time.sleep(float(request.query.get("seconds", 0)))
                       return "slept"
                   """},
    "node": {"fn.yaml": "runtime: node\nhandler: handler.js\n",
             "package.json": '{"private": true, "type": "module"}\n',
             "handler.js": """
                 export default async (request) => {
                   const seconds = Number(new URL(request.url).searchParams.get('seconds') ?? 0);
                   await new Promise((resolve) => { setTimeout(resolve, seconds * 1000); });
                   return 'slept';
                 };
                 """},
}


def write(hearthd, name, files, settings="", dependencies=False):
    """A folder for the function `name`, below hearthd's own."""
    files = {**files, "fn.yaml": f"name: {name}\n" + files["fn.yaml"] + textwrap.dedent(settings)}
    folder = hearthd.write(name, files)
    if dependencies:
        add_dependencies(folder, as_one_file="go.mod" in files)
    return folder


def add_dependencies(folder, as_one_file):
    """What does not compress and is the same each time. Go compiles it in: its package is the program alone."""
    made = random.Random(1)
    if as_one_file:
        (folder / "data.bin").write_bytes(made.randbytes(DEPENDENCIES))
        return
    for number in range(FILES):
        file = folder / "dependencies" / f"part{number % 10}" / f"{number}.bin"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(made.randbytes(DEPENDENCIES // FILES))
