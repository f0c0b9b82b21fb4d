# shellcheck shell=bash
# Debian and Ubuntu packages, by what they are for. The names exist on Debian 12 and on Ubuntu 24.04.
# shellcheck disable=SC2034  # need() reads them by name

packages_build=(
  g++ cmake ninja-build ccache mold pkg-config git
  libcurl4-openssl-dev libcpprest-dev nlohmann-json3-dev libcli11-dev libspdlog-dev libfmt-dev
  libsqlite3-dev libyaml-cpp-dev libarchive-dev libssl-dev libnftables-dev libgtest-dev libgmock-dev
  prometheus-cpp-dev
)
packages_run=(debootstrap iproute2 iptables curl ca-certificates python3 procps util-linux)
packages_test=(nginx-light nftables openssl strace python3-venv python3-websockets prometheus tmux zsh fish python3-jsonschema python3-yaml)
packages_lint=(clang-format-16 clang-tidy-16 clang-16 shellcheck python3 git)
packages_package=(dpkg-dev skopeo docker-compose man-db)
packages_fuzz=(clang-16 libclang-rt-16-dev)
packages_bench=(nginx-light haproxy wrk strace python3)
packages_sim=(python3-venv fonts-dejavu-core)

# need GROUP …: installs what is missing of these groups.
need() {
  local group wanted=() missing=()
  for group in "$@"; do
    local -n members="packages_$group"
    wanted+=("${members[@]}")
  done
  # Whoever runs Docker's own packages, or anything else that brings the daemon, has no use for Debian's.
  case " $* " in *" run "*) command -v dockerd >/dev/null || [ -x /usr/sbin/dockerd ] || wanted+=(docker.io) ;; esac
  mapfile -t missing < <(missing_packages "${wanted[@]}")
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null ||
    die "these Debian packages are needed, by whatever name this system has them: ${missing[*]}"
  say "Installing ${missing[*]}"
  apt_install "${missing[@]}"
}

missing_packages() {
  local package
  declare -A installed=()
  while read -r package status; do
    [ "$status" = installed ] && installed[$package]=1
  done < <(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2>/dev/null)
  for package in "$@"; do
    [ -n "${installed[$package]:-}" ] || printf '%s\n' "$package"
  done | sort -u
}

apt_install() {
  local log
  log=$(mktemp /tmp/hearth-apt.XXXXXX.log)
  # A source of the user's that does not answer must not stop us: the install itself says what is missing.
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq -o Acquire::Retries=3 >"$log" 2>&1 ||
    note "apt-get update had complaints (see $log); going on"
  keep_services_down
  local status=0
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
    -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 "$@" >>"$log" 2>&1 || status=$?
  let_services_start
  if [ $status -ne 0 ]; then
    tail -n 20 "$log" >&2
    die "apt-get could not install $* (whole log: $log)"
  fi
  as_root rm -f "$log"
}

# nginx is only started by our tests, never as a service that takes port 80; Docker is started by us where it is needed.
policy=/usr/sbin/policy-rc.d
policy_is_ours=
keep_services_down() {
  [ ! -e "$policy" ] || return 0
  printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
  as_root chmod 755 "$policy"
  policy_is_ours=1
}
let_services_start() {
  [ -z "$policy_is_ours" ] || as_root rm -f "$policy"
  policy_is_ours=
}
