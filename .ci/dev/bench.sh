# shellcheck shell=bash
# Figures, not tests: nothing here passes or fails.

verb_bench() {
  [ "${1:-}" = gateway ] || die "usage: ./dev bench gateway [--rounds N] [--seconds N] [--output json]"
  shift
  need build bench
  build_preset release bench_echo bench_load bench_gateway_host >&2
  python3 tests/bench/gateway.py --programs build/release/tests/bench "$@"
}
