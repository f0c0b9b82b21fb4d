#!/bin/sh
# What the image starts: nginx on a socket that is there for nobody until it accepts. SIGTERM lets it finish what runs.
set -eu
cell=${HEARTH_CELL_FD:-} # 3, the connection to hearthd that a cell's launcher passes on
unset HEARTH_CELL_FD
socket=${HEARTH_SOCKET:-}
staging=$socket.starting
conf=/tmp/nginx.conf
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

sed -e "s|@LISTEN@|$listen|" -e "s|@FALLBACK@|$fallback|" -e "s|@MISSING@|$missing|" \
  /usr/lib/hearth/nginx.conf >"$conf"
rm -f "$staging"
/usr/sbin/nginx -c "$conf" -e /dev/stderr 3>&- &
nginx=$!
trap 'kill -QUIT $nginx' TERM INT
if [ -n "$socket" ]; then
  until grep -q " 00010000 .* $staging\$" /proc/net/unix; do  # it listens
    kill -0 $nginx 2>/dev/null || exit 1
    sleep 0.01
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
