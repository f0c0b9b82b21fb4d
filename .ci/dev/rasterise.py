"""rasterise.py FILE.svg …: each as FILE.png beside it, twice as large."""
import pathlib
import sys

import resvg_py

for name in sys.argv[1:]:
    svg = pathlib.Path(name)
    svg.with_suffix(".png").write_bytes(bytes(resvg_py.svg_to_bytes(svg_path=str(svg), zoom=2)))
