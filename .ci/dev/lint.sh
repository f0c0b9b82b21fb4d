# shellcheck shell=bash
# What a reader should not have to look for. Every check runs, also after one failed.

lint_checks=(format layers shell paths tidy)

verb_lint() {
  local checks=("$@") check failed=()
  [ ${#checks[@]} -gt 0 ] || checks=("${lint_checks[@]}")
  need build lint
  for check in "${checks[@]}"; do
    [[ " ${lint_checks[*]} " = *" $check "* ]] || die "there is no check '$check'; there are: ${lint_checks[*]}"
    say "Lint: $check"
    "lint_$check" || failed+=("$check")
  done
  [ ${#failed[@]} -eq 0 ] || die "lint: ${failed[*]} failed"
  note "all of ${checks[*]} passed"
}

lint_format() { cpp_files | xargs -0 -r clang-format-16 --dry-run --Werror; }

lint_layers() { python3 tests/layers/layers.py .; }

# Every file that says bash or sh in its first line, and our parts, which have none.
lint_shell() {
  {
    git_files '.ci/dev/*.sh'
    git_files | while IFS= read -r -d '' file; do
      if head -c 64 "$file" | head -n 1 | tr -d '\0' | grep -qE '^#!.*\b(ba)?sh\b'; then printf '%s\0' "$file"; fi
    done
  } | xargs -0 -r shellcheck --severity=warning --exclude=SC1091,SC2154,SC2164
}

# What no user's machine has: folders of the machine that a file was written on, or the host of a registry.
lint_paths() {
  local pattern='\.\./s[h]ared|/w[o]rk/[a-z.]|/f[a]rm/|/t[m]p/w/|(ghcr|quay|gcr)\.i[o]\b|docker\.i[o]/|registry-1\.d[o]cker|index\.d[o]cker'
  ! git_files | xargs -0 -r grep -nIE "$pattern" || return 1
}

# Only configures: clang-tidy needs the commands that compile each file, not the result.
lint_tidy() {
  mkdir -p build/logs
  cmake --preset tidy >"build/logs/build-tidy.log" 2>&1 || {
    tail -n 30 "build/logs/build-tidy.log" >&2
    return 1
  }
  python3 .ci/dev/tidy.py build/tidy
}
