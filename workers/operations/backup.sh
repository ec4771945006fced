#!/usr/bin/env bash
# Copies all that a TSP's machine keeps into a new folder, with checksums. Stop the workers first, the gateway before the
# others, then Redis and the storage node: docs/operations.md says why. Passphrases are not copied: keep them elsewhere.
#
#   REDIS_DIR=… ARTEFACTS=… STORAGE_REPO=… VAULT=… KEYSTORE=… DEPLOYMENT=… backup.sh FOLDER
set -euo pipefail
umask 077

fail() { echo "backup: $1" >&2; exit 1; }
[ $# -eq 1 ] || fail "give the folder to make"
target=$1
[ ! -e "$target" ] || fail "$target exists already: name a new folder"
for name in REDIS_DIR ARTEFACTS STORAGE_REPO; do [ -d "${!name:-}" ] || fail "$name must name a folder that is there"; done
for name in VAULT KEYSTORE DEPLOYMENT; do [ -f "${!name:-}" ] || fail "$name must name a file that is there"; done
[ -d "$REDIS_DIR/appendonlydir" ] || fail "$REDIS_DIR holds no append-only file (appendonlydir)"

partial="$target.part"
rm -rf "$partial"
mkdir -p "$partial"
# tar ends with 1 where a file changes under its hands: then something still runs.
tar --create --file "$partial/redis.tar" --directory "$REDIS_DIR" . || fail "Redis' folder changed while it was copied: stop Redis first"
tar --create --file "$partial/artefacts.tar" --directory "$ARTEFACTS" . || fail "the artefacts changed while they were copied: stop ingest first"
tar --create --file "$partial/storage.tar" --directory "$STORAGE_REPO" . || fail "the storage folder changed while it was copied: stop the storage node first"
cp "$VAULT" "$partial/vault.json"
cp "$KEYSTORE" "$partial/keystore.json"
cp "$DEPLOYMENT" "$partial/deployment.json"
(cd "$partial" && sha256sum -- *.tar *.json > SHA256SUMS)
sync
mv "$partial" "$target"
echo "backup: $target"
