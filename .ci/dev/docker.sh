# shellcheck shell=bash
# The engine that `demo` uses (the user's, or one that we start) and the one that tests have for themselves.

# The engine's unix socket: the user's choice, else the usual place.
docker_socket() {
  case ${DOCKER_HOST:-} in
    '') printf '/var/run/docker.sock' ;;
    unix://*) printf '%s' "${DOCKER_HOST#unix://}" ;;
    *) die "DOCKER_HOST is $DOCKER_HOST: only engines on this machine (unix://…) are supported" ;;
  esac
}

docker_answers() { as_root curl -sf -m 5 --unix-socket "$1" http://docker/_ping; }

ensure_docker() {
  local socket
  socket=$(docker_socket)
  ! docker_answers "$socket" >/dev/null 2>&1 || return 0
  [ -z "${DOCKER_HOST:-}" ] || die "DOCKER_HOST is $DOCKER_HOST and nothing answers there: start it, or unset DOCKER_HOST"
  say "Starting Docker"
  if [ -d /run/systemd/system ]; then
    as_root systemctl start docker || die "systemctl could not start docker: see 'journalctl -u docker'"
  else
    start_dockerd /var/lib/docker /var/run/docker /var/run/docker.pid "$socket" /var/log/dockerd.log || exit 1
  fi
  await 60 docker_answers "$socket" || die "Docker was started and does not answer on $socket: see /var/log/dockerd.log"
}

# start_dockerd DATA EXEC PIDFILE SOCKET LOG [COMMAND-BEFORE-DOCKERD …]: in the background, until it answers.
# overlay2 needs a file system that is no overlay itself; vfs works everywhere and copies.
start_dockerd() {
  local data=$1 exec_root=$2 pid_file=$3 socket=$4 log=$5 driver pid
  shift 5
  for driver in overlay2 vfs; do
    as_root rm -f "$pid_file"
    # shellcheck disable=SC2016  # the inner shell's own words
    pid=$(as_root sh -c 'log=$1; shift; "$@" >>"$log" 2>&1 </dev/null & echo $!' sh "$log" setsid "$@" dockerd \
      --storage-driver="$driver" --data-root="$data" --exec-root="$exec_root" --pidfile="$pid_file" \
      --host="unix://$socket" --containerd-namespace="hearth$(printf %s "$data" | cksum | cut -d" " -f1)")
    if await 60 answers_or_died "$pid" "$socket" && docker_answers "$socket" >/dev/null; then return 0; fi
    as_root kill "$pid" 2>/dev/null || true
    note "dockerd does not run with $driver storage: $(as_root tail -n 1 "$log" | cut -c1-200)"
  done
  printf 'dev: dockerd does not start; its log: %s\n' "$log" >&2
  return 1
}
answers_or_died() { docker_answers "$2" || ! as_root kill -0 "$1"; }

# Base images of our runtimes: pulled where a registry answers, else made of Debian packages.
make_bases() {
  say "Making the runtimes' base images (the first time takes a minute)"
  as_root env ${DOCKER_HOST:+DOCKER_HOST="$DOCKER_HOST"} templates/base/make
}

# --- the tests' own engine -------------------------------------------------------------------------------------
# It has its own network namespace too: its firewall rules, bridges and ports meet nothing of the machine's, and the
# tests, which run in there (in_test_network), meet no port that is taken.

test_home=
test_net=
test_cable=()

# Returns 1 when it cannot be had. stop_test_docker takes away whatever was made, also after a failure.
start_test_docker() {
  say "Starting a Docker for the tests alone"
  test_home=$(mktemp -d /tmp/hearth-test.XXXXXX) || return 1
  chmod 711 "$test_home"
  test_net=hearth-test-$$
  as_root ip netns add "$test_net" || return 1
  connect_test_network || return 1
  local log=$PWD/build/logs/dockerd.log
  : >"$log"
  start_dockerd "$test_home/data" "$test_home/exec" "$test_home/pid" "$test_home/docker.sock" "$log" \
    nsenter --net="/run/netns/$test_net" || return 1
  export HEARTH_TEST_DOCKER=$test_home/docker.sock
  DOCKER_HOST=unix://$HEARTH_TEST_DOCKER make_bases >"build/logs/bases.log" 2>&1 || {
    tail -n 20 "build/logs/bases.log" >&2
    return 1
  }
}

in_test_network() { as_root nsenter --net="/run/netns/$test_net" "$@"; }

# A cable into the namespace, and the way out to the machine's network for builds that fetch packages.
connect_test_network() {
  local outside=ht$$o inside=ht$$i subnet
  subnet=$(free_subnet) || return 1
  as_root ip link add "$outside" type veth peer name "$inside" netns "$test_net" || return 1
  as_root ip addr add "$subnet.1/30" dev "$outside"
  as_root ip link set "$outside" up
  in_test_network ip addr add "$subnet.2/30" dev "$inside"
  in_test_network ip link set "$inside" up
  in_test_network ip link set lo up
  in_test_network ip route add default via "$subnet.1"
  as_root sysctl -qw net.ipv4.ip_forward=1
  test_rules -I "$outside" "$subnet"
}

free_subnet() {
  local third
  for third in $(seq 1 250); do
    ip -4 route show root "10.213.$third.0/24" | grep -q . || { printf '10.213.%s' "$third" && return; }
  done
  die "no free 10.213.x.0/30 for the tests' network"
}

# The machine's own rules for that cable; -I adds them, -D takes them away.
test_rules() {
  local what=$1 link=$2 subnet=$3
  as_root iptables -w "$what" FORWARD -i "$link" -j ACCEPT
  as_root iptables -w "$what" FORWARD -o "$link" -j ACCEPT
  as_root iptables -w -t nat "$what" POSTROUTING -s "$subnet.0/30" -j MASQUERADE
  test_cable=("$link" "$subnet")
}

stop_test_docker() {
  [ -n "$test_home" ] || return 0
  local pid
  if pid=$(as_root cat "$test_home/pid" 2>/dev/null); then
    as_root kill "$pid" 2>/dev/null || true
    await 60 process_gone "$pid" || as_root kill -9 "$pid" || true
  fi
  if [ ${#test_cable[@]} -gt 0 ]; then
    test_rules -D "${test_cable[@]}" || true
    as_root ip link del "${test_cable[0]}" 2>/dev/null || true
  fi
  as_root ip netns del "$test_net" 2>/dev/null || true
  # Deepest first; what a killed daemon left mounted would keep the folder from going.
  grep -o " $test_home/[^ ]*" /proc/self/mountinfo | sort -r | while read -r mount; do as_root umount -l "$mount"; done || true
  as_root rm -rf "$test_home"
  test_home=
}
process_gone() { ! as_root kill -0 "$1"; }
