# shellcheck shell=bash
# What a user does on the first day, done before their eyes; each command stands before its output. May be run again.

verb_demo() {
  need build run
  ensure_docker
  make_bases
  build_preset dev hearthd fn
  export PATH="$PWD/build/bin:$PATH"
  local place=$PWD/build/demo url
  rm -rf "$place"
  mkdir -p "$place"
  cd "$place"

  start_hearthd
  show fn init hello --runtime python
  cd hello
  # Short, so that it goes cold while you watch; without this line it is 5m.
  show sh -c "echo 'scale: {idle_timeout: 2s}' >> fn.yaml"
  show cat fn.yaml handler.py
  show fn deploy
  url=$(fn get hello --output json | python3 -c 'import json, sys; print(json.load(sys.stdin)["url"])')
  show fn invoke hello --data '{"name": "Ada"}'
  show curl -s "$url?name=Grace"
  show fn status hello

  say "Nobody calls it for two seconds: its container is stopped, and it costs nothing"
  await 30 is_cold hello || die "hello is not cold after 30 s: see 'fn status hello' and 'fn logs hello'"
  show fn status hello

  say "The next call starts it again; Server-Timing says where the time went (milliseconds)"
  show curl -si "$url?name=Grace"
  show fn invoke hello -v --data '{"name": "warm again"}'

  say "A change, and the way back: calls go on meanwhile, and the old revision serves until the new one is warm"
  show sed -i 's/Hello/Good morning/' handler.py
  show fn deploy
  show fn invoke hello --data '{"name": "Ada"}'
  show fn rollback hello
  show fn invoke hello --data '{"name": "Ada"}'
  show fn revisions hello

  say "Another language, the same commands"
  cd "$place"
  show fn init page --runtime node
  cd page
  show cat handler.js
  show fn deploy
  show fn invoke page --data '{"name": "Grace"}'
  show fn list
  cd "$place/hello"
  what_next "$url"
}

# Shows a command as a user would type it, then runs it.
show() {
  local word shown=''
  if [ "$1" = sh ]; then
    shown=" $3"
  else
    for word in "$@"; do
      case $word in *[!a-zA-Z0-9_./:=@%+-]*) word="'$word'" ;; esac
      shown+=" $word"
    done
  fi
  printf '\n%s$%s%s\n' "$bold" "$shown" "$plain"
  "$@"
  printf '\n'
}

# As root it has the whole machine; sudo hands its token to the user who called.
start_hearthd() {
  local command=(fn up)
  [ -z "${DOCKER_HOST:-}" ] || command+=(--docker-socket "$(docker_socket)")
  [ "$(id -u)" -eq 0 ] || command=(sudo "$(command -v fn)" "${command[@]:1}")
  show "${command[@]}"
}

is_cold() {
  fn status "$1" --output json | python3 -c 'import json, sys; sys.exit(json.load(sys.stdin)["state"] != "cold")'
}

what_next() {
  local here=$PWD
  say "That was all of it. hearthd stays up; from here:"
  cat <<TEXT

    cd $here
    edit handler.py, then   fn deploy          a new revision; calls go on meanwhile
    fn invoke hello         or                 curl $1
    fn logs hello -f        fn status hello --watch
    fn init NAME --runtime python              the next function
    fn delete hello         fn down            take it away; stop hearthd

TEXT
  if [ -t 0 ] && [ -t 1 ]; then
    note "you are in a shell in that folder, with fn on its PATH; 'exit' leaves it and nothing else"
    exec "${SHELL:-/bin/bash}"
  fi
  note "fn is in ${PATH%%:*}: add that to your PATH"
}
