#!/bin/sh
# Runs at deploy, in /function: what is served goes to /out/public, with an ETag of each file's content (an image's files all
# bear the same time, so nginx's own would be the same for two versions) and compressed twins of what gets smaller by it.
set -eu
folder=.
[ ! -d public ] || folder=public
find "$folder" -type l | while IFS= read -r link; do
  case $(readlink -f "$link") in
    "$PWD"/*) [ ! -e "$link" ] || continue ;;
  esac
  echo "${link#./} is a link that leads out of the package, or nowhere" >&2
  exit 1
done
mkdir -p /out/public
cp -RL "$folder/." /out/public
cd /out/public
[ "$folder" = public ] || rm -f fn.yaml
find . -mindepth 1 -name '.*' ! -path ./.well-known -prune -exec rm -rf {} +
find . -type f | LC_ALL=C sort >/tmp/files
if [ ! -s /tmp/files ]; then
  echo "there is nothing to serve: put files into public/, or beside fn.yaml" >&2
  exit 1
fi
if find . -name '*[[:cntrl:]]*' | grep -q .; then
  echo "a file's name has a control character in it: rename it" >&2
  exit 1
fi
# By the paths that lead to a file; where two do to one path, the file of that very name comes first.
while IFS= read -r file; do
  sum=$(sha256sum <"$file" | cut -c1-32)
  printf '0\t%s\t%s\n' "${file#.}" "$sum"
  case $file in
    */index.html) path=${file%index.html} ;;
    *.html) path=${file%.html} ;;
    *) continue ;;
  esac
  printf '1\t%s\t%s\n' "${path#.}" "$sum"
done </tmp/files >/tmp/sums
# nginx reads them as strings: quotes and backslashes are escaped, a $ needs none in a map's key. Its maps know no case:
# paths that differ by nothing else go without an ETag.
LC_ALL=C sort -s -k1,1 /tmp/sums | awk -F'\t' '!seen[$2]++' >/tmp/paths
awk -F'\t' 'NR == FNR { like[tolower($2)]++; next } like[tolower($2)] == 1 {
  gsub(/[\\"]/, "\\\\&", $2)
  printf "\"%s\" \"\\\"%s\\\"\";\n", $2, $3
}' /tmp/paths /tmp/paths >/out/etags.conf
grep -E '\.(html?|css|m?js|json|map|svg|xml|txt|wasm|webmanifest|md)$' /tmp/files | while IFS= read -r file; do
  [ ! -e "$file.gz" ] && [ "$(stat -c %s "$file")" -ge 1024 ] || continue
  gzip -9 -n -k "$file"
  [ "$(stat -c %s "$file.gz")" -lt "$(stat -c %s "$file")" ] || rm "$file.gz"
done
