# shellcheck shell=bash
# What is installed instead of built: a Debian package, and an image of hearthd as an OCI archive.

verb_package() {
  need build run package
  ensure_docker
  build_preset release hearthd fn
  make_package release build/package
  make_image "$(docker_socket)" build/package || die 'there is no image (build/logs/image.log)'
  note "$(cd build/package && ls -sh1 ./*.deb ./*.tar | tr '\n' ' ')"
}

# make_package PRESET FOLDER: of what that preset has built.
make_package() {
  local preset=$1 folder=$2
  say "Packing into $folder"
  mkdir -p "$folder"
  rm -f "$folder"/*.deb
  (umask 022 && cd "build/$preset" && cpack -B "$OLDPWD/$folder") >build/logs/package.log 2>&1 || {
    tail -n 20 build/logs/package.log >&2
    return 1
  }
}

# make_image SOCKET FOLDER: of the package in there, by the engine; its archive beside the package.
make_image() {
  local socket=$1 folder=$2 version answer archive context
  version=$(sed -n 's/^project(hearth VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
  DOCKER_HOST=unix://$socket make_bases >build/logs/bases.log 2>&1 || return 1
  say "Making the image hearthd:$version"
  context=$(mktemp -d)
  cp "$folder"/hearth_*.deb "$context/hearth.deb"
  cp controller/packaging/Dockerfile "$context"
  answer=build/logs/image.log
  tar -C "$context" -cf - . | as_root curl -sS --fail-with-body --unix-socket "$socket" -X POST -T - -H 'Expect:' \
    -H 'Content-Type: application/x-tar' "http://docker/build?t=hearthd:$version&rm=1&forcerm=1" >"$answer" || true
  rm -rf "$context"
  # A failed build is told inside an answer of status 200.
  as_root curl -sf -o /dev/null --unix-socket "$socket" "http://docker/images/hearthd:$version/json" ||
    { tail -n 2 "$answer" >&2 && return 1; }
  archive=$folder/hearthd-$version.oci.tar
  rm -f "$archive"
  as_root skopeo copy --quiet --src-daemon-host "unix://$socket" "docker-daemon:hearthd:$version" \
    "oci-archive:$archive:hearthd:$version"
}
