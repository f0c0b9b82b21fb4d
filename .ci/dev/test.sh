# shellcheck shell=bash
# The suites: cheap first, each held to its minutes; one that fails does not stop those that follow.

all_suites=(unit asan tsan fuzz engine gateway e2e runtimes package)
declare -A minutes=([unit]=14 [asan]=14 [tsan]=10 [fuzz]=11 [engine]=9 [gateway]=6 [e2e]=28 [runtimes]=18 [package]=6)  # its build included
docker_suites=' engine e2e runtimes package '
tsan_folders=(domain control http gateway store events)  # what threads share: the data plane and the scheduler
soak_factor=20
time_factor=1
running=  # the pid of the tests that run
# HEARTH_TEST_MINUTES bounds all suites together: what is not begun by then is told, and counted, as broken.
all_deadline=

verb_test() {
  local suites=("$@") suite
  export HEARTH_TEST_REPEAT=${HEARTH_TEST_REPEAT:-1}
  if [ "${1:-}" = soak ]; then
    suites=("${@:2}")
    time_factor=$soak_factor
    HEARTH_TEST_REPEAT=$soak_factor
  fi
  [ ${#suites[@]} -gt 0 ] || suites=("${all_suites[@]}")
  for suite in "${suites[@]}"; do
    [ -n "${minutes[$suite]:-}" ] || die "there is no suite '$suite'; there are: ${all_suites[*]} soak"
  done
  need build run test
  mkdir -p build/logs
  rm -f build/logs/*.junit.xml build/logs/*.broken
  trap stop_test_docker EXIT
  trap '[ -z "$running" ] || end_tree "$running" || true; exit 130' INT TERM
  [ -z "${HEARTH_TEST_MINUTES:-}" ] || all_deadline=$((SECONDS + HEARTH_TEST_MINUTES * 60))
  for suite in "${suites[@]}"; do run_suite "$suite"; done
  stop_test_docker
  # Suites with Docker ran as root, and left their logs as root's.
  [ "$(id -u)" -eq 0 ] || as_root chown -R "$(id -u):$(id -g)" build
  python3 .ci/dev/tally.py build/logs "${suites[@]}"
}

# Never fails: what went wrong is left in build/logs for the tally.
run_suite() {
  local suite=$1 started=$SECONDS
  suite_deadline=$((SECONDS + minutes[$suite] * 60 * time_factor))
  say "Suite $suite"
  if [ -n "$all_deadline" ]; then
    [ "$SECONDS" -lt "$all_deadline" ] || broken "$suite" 'not begun: the minutes of all suites were over' || return 0
    [ "$suite_deadline" -le "$all_deadline" ] || suite_deadline=$all_deadline
  fi
  case $suite in
    unit) build_for unit dev -- && run_tests unit dev . unit ;;
    asan) build_for asan asan tests-unit && ASAN_OPTIONS=detect_stack_use_after_return=1 run_tests asan asan . unit ;;
    tsan) run_tsan ;;
    package) run_package ;;
    fuzz) need fuzz && build_for fuzz fuzz tests-fuzz && run_tests fuzz fuzz . fuzz ;;
    gateway) build_for gateway dev -- && run_tests gateway dev . gateway ;;
    engine | e2e | runtimes)
      build_for "$suite" dev -- && with_tools "$suite" && with_test_docker "$suite" && run_tests "$suite" dev . "$suite"
      ;;
  esac || true
  note "suite $suite took $((SECONDS - started)) s of $((minutes[$suite] * 60 * time_factor))"
}

# sudo and nsenter stand between us and the tests, and each may have a session of its own.
end_tree() {
  # shellcheck disable=SC2046  # pids
  as_root kill $(tree_of "$1")
}
tree_of() {
  local child
  printf '%s ' "$1"
  for child in $(ps -o pid= --ppid "$1"); do tree_of "$child"; done
}

# A suite that could not even run, or not to its end, counts as one failure; this says why.
broken() {
  printf '%s\n' "$2" >"build/logs/$1.broken"
  printf 'dev: suite %s: %s\n' "$1" "$2" >&2
  return 1
}

seconds_left() { printf '%s' $((suite_deadline > SECONDS ? suite_deadline - SECONDS : 1)); }

# build_for SUITE PRESET (-- | NINJA-TARGET …)
build_for() {
  local suite=$1 preset=$2
  shift 2
  [ "${1:-}" != -- ] || shift
  export HEARTH_BUILD_SECONDS
  HEARTH_BUILD_SECONDS=$(seconds_left)
  build_preset "$preset" "$@" && return 0
  local why='it does not build'
  [ "$SECONDS" -lt "$suite_deadline" ] || why='it was not built within its minutes'
  broken "$suite" "$why (build/logs/build-$preset.log)"
}

with_test_docker() {
  [ -z "${HEARTH_TEST_DOCKER:-}" ] || return 0
  start_test_docker || broken "$1" "its Docker does not start (build/logs/dockerd.log, build/logs/bases.log)"
}

with_tools() {
  [ "$1" != e2e ] || make_tools || broken "$1" "its Python tools cannot be had (build/logs/tools.log)"
}

# The programs of the preset that everything else is tested with: they differ from a release's by flags alone.
run_package() {
  need package && build_for package dev -- && with_test_docker package || return 1
  { make_package dev build/package-tested && make_image "$HEARTH_TEST_DOCKER" build/package-tested; } ||
    broken package 'it cannot be made (build/logs/package.log, build/logs/image.log)' || return 1
  run_tests package dev . package
}

run_tsan() {
  local folder targets=() run=(setarch -R)
  # Where a kernel randomises more address bits than the sanitizer maps, it needs them still.
  setarch -R true 2>/dev/null || run=()
  for folder in "${tsan_folders[@]}"; do
    [ ! -f "tests/$folder/CMakeLists.txt" ] || targets+=("tests/$folder/all")
  done
  build_for tsan tsan "${targets[@]}" || return 1
  for folder in "${targets[@]}"; do
    folder=${folder%/all}
    TSAN_OPTIONS=halt_on_error=1 run_tests "tsan" tsan "$folder" . "${run[@]}" || true
  done
}

# run_tests SUITE PRESET FOLDER LABEL [COMMAND-BEFORE-CTEST …]
run_tests() {
  local suite=$1 preset=$2 folder=$3 label=$4 status=0 jobs=1 name
  shift 4
  name=$suite
  [ "$folder" = . ] || name=$suite-${folder//\//-}  # the tally takes what stands before the first - for the suite
  [[ $label != unit && $label != fuzz ]] || jobs=$(nproc)
  local command=("$@" timeout --kill-after=20 "$(seconds_left)" ctest --test-dir "build/$preset/$folder" -L "$label"
    -j "$jobs" --output-on-failure --no-tests=error --test-output-size-passed 4000000 --test-output-size-failed 4000000
    --output-junit "$PWD/build/logs/$name.junit.xml")
  [[ $docker_suites != *" $suite "* ]] || command=(in_test_network env "HEARTH_TEST_DOCKER=$HEARTH_TEST_DOCKER"
    "HEARTH_TEST_REPEAT=$HEARTH_TEST_REPEAT" "${command[@]}")
  # Beside us, so that a signal is heard at once and not when the tests are done.
  "${command[@]}" >"build/logs/$name.log" 2>&1 </dev/null &
  running=$!
  wait "$running" || status=$?
  running=
  case $status in
    124 | 137) broken "$name" "not done within its minutes (build/logs/$name.log)" ;;
    *) [ -s "build/logs/$name.junit.xml" ] || broken "$name" "no tests ran (build/logs/$name.log)" ;;
  esac
}
