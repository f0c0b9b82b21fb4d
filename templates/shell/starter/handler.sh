#!/bin/sh
# The request's body comes on standard input; what is printed is the answer. Status and fields go to descriptor 3, before.
name=$(jq -r '.name // "world"' 2>/dev/null)
echo "greeting ${name:-world}" >&2
echo 'Content-Type: application/json' >&3
jq -nc --arg name "${name:-world}" '{message: "Hello, \($name)!"}'
