#!/bin/sh
# Runs in the builder stage, in /function: installs what package.json asks for, as its lock file says where there is one.
set -eu
if [ -f package-lock.json ] || [ -f npm-shrinkwrap.json ]; then
  set -- ci
else
  echo "There is no package-lock.json: another build may get other versions" >&2
  set -- install --no-package-lock
fi
exec npm "$@" --omit=dev --cache=/cache/npm --no-audit --no-fund --no-progress --no-update-notifier
