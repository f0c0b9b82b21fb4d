# shellcheck shell=bash
# Python tools of tests, from the package index, at the versions of requirements.txt.

make_tools() {
  local wanted=.ci/dev/requirements.txt made=build/tools/made-of
  ! cmp -s "$wanted" "$made" || return 0
  say "Installing the tests' Python tools"
  rm -rf build/tools
  python3 -m venv build/tools >build/logs/tools.log 2>&1 &&
    build/tools/bin/pip install --quiet --disable-pip-version-check -r "$wanted" >>build/logs/tools.log 2>&1 || {
    tail -n 5 build/logs/tools.log >&2
    return 1
  }
  cp "$wanted" "$made"
}
