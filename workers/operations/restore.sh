#!/usr/bin/env bash
# Lays a backup out again, in folders that are empty or not there yet. Start Redis and the storage node on them, then the
# workers. Only the newest copy, and only when nothing ran since it was made: docs/operations.md says why.
#
#   REDIS_DIR=… ARTEFACTS=… STORAGE_REPO=… VAULT=… KEYSTORE=… DEPLOYMENT=… restore.sh FOLDER
set -euo pipefail
umask 077

fail() { echo "restore: $1" >&2; exit 1; }
[ $# -eq 1 ] && [ -f "$1/SHA256SUMS" ] || fail "give the folder that backup.sh has made"
source=$1
(cd "$source" && sha256sum --check --strict --quiet SHA256SUMS) || fail "a file of $source is not as it was copied"
for name in REDIS_DIR ARTEFACTS STORAGE_REPO; do
  [ -n "${!name:-}" ] || fail "$name must name a folder"
  [ ! -e "${!name}" ] || [ -z "$(ls -A "${!name}")" ] || fail "${!name} is not empty: nothing is written over"
done
for name in VAULT KEYSTORE DEPLOYMENT; do
  [ -n "${!name:-}" ] || fail "$name must name a file"
  [ ! -e "${!name}" ] || fail "${!name} exists: nothing is written over"
done

unpack() { mkdir -p "$2" && tar --extract --file "$source/$1.tar" --directory "$2"; }
unpack redis "$REDIS_DIR"
unpack artefacts "$ARTEFACTS"
unpack storage "$STORAGE_REPO"
lay() { mkdir -p "$(dirname "$2")" && cp "$source/$1.json" "$2"; }
lay vault "$VAULT"
lay keystore "$KEYSTORE"
lay deployment "$DEPLOYMENT"
sync
echo "restore: done; check with: qood tsp doctor --config FILE"
