#!/bin/sh
# What the image starts: nginx on a socket that is there for nobody until it accepts. SIGTERM lets it finish what runs. Of the
# time to the first answer most would be starting other programs, so the shell does by itself what it can.
set -eu
cell=${HEARTH_CELL_FD:-} # 3, the connection to hearthd that a cell's launcher passes on
unset HEARTH_CELL_FD
socket=${HEARTH_SOCKET:-}
staging=$socket.starting
listen="unix:$staging"
[ -n "$socket" ] || listen="0.0.0.0:${PORT:-8080}"

fallback='return 404;'
case ${SPA:-} in
  '' | false | no | 0) ;;
  true | yes | 1) fallback='try_files "" /index.html;' ;;
  *)
    echo "SPA is $SPA: it is true or false" >&2
    exit 121
    ;;
esac
if [ "$fallback" != 'return 404;' ] && [ ! -f /function/public/index.html ]; then
  echo 'SPA is true, and there is no index.html' >&2
  exit 121
fi
missing=
[ ! -f /function/public/404.html ] || missing='error_page 404 /404.html;'

printf 'listen %s;\n%s\n' "$listen" "$missing" >/tmp/server.conf
printf '%s\n' "$fallback" >/tmp/fallback.conf
[ ! -e "$staging" ] || rm -f "$staging"
/usr/sbin/nginx -c /usr/lib/hearth/nginx.conf -e /dev/stderr 3>&- &
nginx=$!
trap 'kill -QUIT $nginx' TERM INT
listens() {
  while read -r line; do
    case $line in *" 00010000 "*" $staging") return 0 ;; esac
  done </proc/net/unix
  return 1
}
if [ -n "$socket" ]; then
  until listens; do
    kill -0 $nginx 2>/dev/null || exit 1
    sleep 0.002
  done
  mv "$staging" "$socket"
  [ -z "$cell" ] || echo '{"ready": true}' >&3
fi
status=0
wait $nginx || status=$?
# A trapped signal ends the wait, not nginx.
while kill -0 $nginx 2>/dev/null; do
  wait $nginx && status=0 || status=$?
done
exit $status
