#!/bin/bash
tell() { printf '%s\n' "$@" >&3; }
case $PATH_INFO in
  /hello) echo hello ;;
  /echo) tell "Content-Type: ${CONTENT_TYPE:-application/octet-stream}"; cat ;;
  /seen/*)
    tell 'Content-Type: application/json'
    jq -n --arg m "$REQUEST_METHOD" --arg p "$PATH_INFO" --arg q "$QUERY_STRING" --arg h "$HTTP_X_TEST" \
      '{method: $m, path: $p, query: $q, header: $h}'
    ;;
  /people/*)
    tell 'Content-Type: application/json'
    jq -n --arg i "$HEARTH_PARAM_ID" --arg r "$HEARTH_PARAM_REST_OF" '{id: $i, rest_of: $r}'
    ;;
  /teapot) tell 'Status: 418' 'X-Kind: tea'; echo 'short and stout' ;;
  /cookies) tell 'Set-Cookie: a=1' 'Set-Cookie: b=2'; echo two ;;
  /json) tell 'Content-Type: application/json'; echo '{"name": "Ada"}' ;;
  /says-*) tell "Content-Length: ${PATH_INFO#/says-}"; printf abcdef ;;
  /child) grep Sig /proc/self/status ;;
  /empty) tell 'Status: 204' ;;
  /held)
    trap 'echo cancelled >&2; exit 1' TERM
    echo begun
    while [ ! -e /run/hearth/gate ]; do sleep 0.02; done
    echo over
    ;;
  /size | /size-streamed) wc -c ;;
  /big) head -c 8388608 /dev/zero | tr '\0' x ;;
  /context)
    tell 'Content-Type: application/json'
    jq -n --arg c "$HEARTH_CALL_ID" --arg f "$HEARTH_FUNCTION" --arg n "$HEARTH_NAMESPACE" --arg t "$TRACEPARENT" \
      --argjson r "$HEARTH_REVISION" --argjson d "$HEARTH_DEADLINE_MS" \
      '{call_id: $c, function: $f, namespace: $n, traceparent: $t, revision: $r, remaining_ms: $d}'
    ;;
  /log) echo 'to standard output' >&2; echo 'to standard error' >&2; echo 'by the logger' >&2; echo 'by a plain print' >&2; echo logged ;;
  /raise) echo 'broken on purpose' >&2; exit 7 ;;
  /late) echo 'a piece'; sleep 0.05; echo 'broken on purpose' >&2; exit 7 ;;
  /env) echo "$LEVEL" ;;
  /tmp)
    tell 'Content-Type: application/json'
    tmp=false root=false
    (echo x >/tmp/x) 2>/dev/null && tmp=true
    (echo x >/function/x) 2>/dev/null && root=true
    echo "{\"tmp\": $tmp, \"root\": $root}"
    ;;
  *) tell 'Status: 404'; echo "there is no $PATH_INFO" ;;
esac
