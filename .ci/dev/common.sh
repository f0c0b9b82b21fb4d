# shellcheck shell=bash
# What every verb uses: words to the user, privilege, our own lists of files.

if [ -t 1 ]; then bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'; else bold='' dim='' plain=''; fi

say() { printf '%s==> %s%s\n' "$bold" "$*" "$plain"; }
note() { printf '%s    %s%s\n' "$dim" "$*" "$plain"; }
die() {
  printf 'dev: %s\n' "$*" >&2
  exit 1
}

# Runs a command as root: directly, else by sudo, which may ask for a password.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "this needs root ('$1'), and there is no sudo: run it as root"
  fi
}

# Every C++ file of ours, NUL-separated; also those not committed yet.
cpp_files() { git_files '*.cpp' '*.h'; }
git_files() {
  # Listed but removed from the folder: not a file of ours any more.
  git ls-files -z --cached --others --exclude-standard -- "$@" | while IFS= read -r -d '' file; do
    if [ -f "$file" ]; then printf '%s\0' "$file"; fi
  done
}

# Waits until a command succeeds; the deadline is in seconds. Returns 1 when it passes.
await() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.2
  done
}
