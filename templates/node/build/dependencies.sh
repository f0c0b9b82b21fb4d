#!/bin/sh
# Runs in the builder stage, in /function: installs what package.json asks for, exactly as its lock file says where there is one.
set -eu
export npm_config_cache=/cache/npm npm_config_update_notifier=false npm_config_fund=false npm_config_audit=false
export NODE_EXTRA_CA_CERTS="${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}"
if [ -f package-lock.json ]; then
  npm ci --omit=dev --no-progress
else
  echo "There is no package-lock.json: versions may differ from build to build" >&2
  npm install --omit=dev --no-progress --no-package-lock
fi
mkdir -p node_modules
