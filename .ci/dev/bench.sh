# shellcheck shell=bash
# Figures, not tests: nothing here passes or fails, but for --compare, which exits with 1 where something got worse.

verb_bench() {
  need build run bench
  build_preset release hearthd fn bench_echo bench_load bench_gateway_host >&2
  local programs=$PWD/build/release run=()
  if bench_needs_docker "$@"; then
    # A Docker of its own, in a network of its own, as the tests have it: nothing of the machine's is in the way.
    mkdir -p build/logs
    if [ -z "${HEARTH_TEST_DOCKER:-}" ]; then
      trap stop_test_docker EXIT
      start_test_docker >&2 || die "its Docker does not start (build/logs/dockerd.log)"
      run=(in_test_network)
    else
      run=(as_root)
    fi
  fi
  "${run[@]}" env "HEARTH_TEST_DOCKER=${HEARTH_TEST_DOCKER:-}" "HEARTH_TEST_HEARTHD=$programs/controller/hearthd" \
    "HEARTH_TEST_FN=$programs/cli/fn" "HEARTH_TEMPLATES=$PWD/templates" "PYTHONPATH=$PWD/tests" PYTHONDONTWRITEBYTECODE=1 \
    python3 tests/bench/bench.py --programs "$programs/tests/bench" "$@"
}

# All rows but `gateway` start containers; no row named is all of them.
bench_needs_docker() {
  local word only_gateway=
  for word in "$@"; do
    case $word in
      cold | rate | image | resume | many | memory | redeploy | burst) return 0 ;;
      -h | --help) return 1 ;;
      gateway) only_gateway=1 ;;
    esac
  done
  [ -z "$only_gateway" ]
}
