#!/bin/sh
# Every file that a page names by a relative link is there: sh check.sh
cd "$(dirname "$0")/public" || exit 1
missing=0
for page in $(find . -name '*.html'); do
  for link in $(grep -oE '(href|src)="[^"#?]+' "$page" | cut -d'"' -f2 | grep -vE '^(https?:|mailto:|data:|/)'); do
    target=$(dirname "$page")/$link
    [ -e "$target" ] || { echo "$page names $link, which is not there"; missing=1; }
  done
done
exit $missing
