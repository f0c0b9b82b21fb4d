#!/bin/sh
# Every file that a page names by a relative link is there: sh check.sh
cd "$(dirname "$0")/public" || exit 1
missing=$(find . -name '*.html' | while IFS= read -r page; do
  grep -oE '(href|src)="[^"#?]+' "$page" | cut -d'"' -f2 | grep -vE '^([a-z]+:|/)' | while IFS= read -r link; do
    [ -e "$(dirname "$page")/$link" ] || echo "$page names $link, which is not there"
  done
done)
[ -z "$missing" ] || { echo "$missing"; exit 1; }
echo OK
