#!/bin/sh
# Runs in the builder stage, in /function: installs what package.json asks for, as its lock file says where there is one,
# and compiles it.
set -eu
if [ -f package-lock.json ] || [ -f npm-shrinkwrap.json ]; then
  set -- ci
else
  echo "There is no package-lock.json: another build may get other versions" >&2
  set -- install --no-package-lock
fi
# Of npm's words what concerns the package: neither how npm itself is used, nor a log that stays in here.
{
  npm "$@" --omit=dev --cache=/cache/npm --no-audit --no-fund --no-progress --no-update-notifier || echo $? >/tmp/failed
} 2>&1 | sed -uE \
  -e '/^npm (ERR!|error) Clean install a project/,/npm help ci/d' \
  -e '/^npm (ERR!|error) A complete log of this run/,+1d' \
  -e '/^npm (ERR!|error) *$/d' >&2
[ ! -s /tmp/failed ] || exit "$(cat /tmp/failed)"
[ -d node_modules ] || exit 0
node /usr/lib/hearth/compile.mjs node_modules || echo "Its modules stay as they are: each start compiles them" >&2
