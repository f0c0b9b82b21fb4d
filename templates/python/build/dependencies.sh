#!/bin/sh
# Runs in the builder stage, in /function: installs what requirements.txt asks for, compiled to what never looks at its source's
# time. All files of an image bear the same, so that what pip compiles would be compiled again by each process that starts.
set -eu
folder=/function/.packages
python3 -m pip install --disable-pip-version-check --no-input --root-user-action=ignore --cache-dir=/cache/pip --no-compile \
  --target="$folder" --requirement=requirements.txt
# Some packages bring files of other Pythons, or that are no Python: those stay as they are.
python3 -m compileall -qq -j 0 --invalidation-mode unchecked-hash "$folder" || true
