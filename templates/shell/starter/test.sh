#!/bin/sh
# sh test.sh
cd "$(dirname "$0")" || exit 1
check() {
  got=$(printf '%s' "$1" | sh handler.sh 3>/dev/null 2>/dev/null)
  [ "$got" = "$2" ] || { echo "for $1: $got, not $2"; exit 1; }
}
check '{"name": "Ada"}' '{"message":"Hello, Ada!"}'
check '{"name": "\"Ada\""}' '{"message":"Hello, \"Ada\"!"}'
check '' '{"message":"Hello, world!"}'
echo OK
