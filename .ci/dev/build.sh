# shellcheck shell=bash
# Presets into build/PRESET, logs into build/logs.


# build_preset PRESET [NINJA-TARGET …]: everything, unless targets are named. Shows the compiler's words on failure.
# HEARTH_BUILD_SECONDS bounds it.
build_preset() {
  local preset=$1
  shift
  mkdir -p build/logs
  local log=build/logs/build-$preset.log started=$SECONDS
  say "Building $preset${*:+ ($*)}"
  if ! cmake --preset "$preset" -DHEARTH_TEST_TIME_FACTOR="${time_factor:-1}" >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    printf 'dev: cmake could not configure (whole log: %s)\n' "$log" >&2
    return 1
  fi
  if ! timeout "${HEARTH_BUILD_SECONDS:-0}" ninja -C "build/$preset" "$@" 2>&1 | tee -a "$log" | progress; then
    grep -E -A 12 'error:|FAILED:|undefined|Error ' "$log" | head -n 60 >&2 || tail -n 40 "$log" >&2
    printf 'dev: the build failed (whole log: %s)\n' "$log" >&2
    return 1
  fi
  [ "$preset" != dev ] || publish_binaries "$preset"
  note "built in $((SECONDS - started)) s"
}

# On a terminal ninja's status on one line; elsewhere nothing.
progress() {
  if [ -t 1 ]; then
    sed -un "s/^\(\[[0-9/]*\] .\{0,90\}\).*/\r\x1b[K\1/p" | tr -d '\n'
    printf '\r\e[K'
  else
    cat >/dev/null
  fi
}

# fn looks for hearthd beside itself, and that for launch, so these are hard links and not symbolic ones.
publish_binaries() {
  mkdir -p build/bin
  local program
  for program in controller/hearthd controller/launcher/launch cli/fn; do
    [ ! -x "build/$1/$program" ] || ln -f "build/$1/$program" "build/bin/${program##*/}"
  done
}
