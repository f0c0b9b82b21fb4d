# shellcheck shell=bash
# Figures, not tests: the scheduler's own code over a day of made-up or recorded calls, and pictures of it.

verb_sim() {
  local plots=build/sim option
  for option in "$@"; do [ "$option" != --plots ] || die "the pictures are left in $plots"; done
  need build sim
  build_preset release hearth_sim >&2
  mkdir -p "$plots"
  build/release/tests/sim/hearth_sim "$@" --plots "$plots" || return
  make_tools || return
  build/tools/bin/python .ci/dev/rasterise.py "$plots"/*.svg
  say "Pictures: $(printf '%s ' "$plots"/*.svg "$plots"/*.png)"
}
