#!/usr/bin/env bash
# Node's own SQLite, node:sqlite, in node@22.18.0 and node@22.20.0 from npm.
# The good guess: a numbered parameter (`?1`) takes the value of its position, as SQLite documents it.
# Seen: 22.18.0 throws "column index out of range" for `?1`, while `?` works; 22.20.0 takes both.
# Exits non-zero where that has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/try.mjs" <<'JS'
import { DatabaseSync } from 'node:sqlite';
const db = new DatabaseSync(':memory:');
for (const sql of ['SELECT ? AS value', 'SELECT ?1 AS value']) {
  try {
    console.log(`${sql}: ${db.prepare(sql).get(7).value}`);
  } catch (error) {
    console.log(`${sql}: ${error.message}`);
  }
}
JS
run() {
  mkdir "$folder/$1"
  echo "{\"private\":true,\"dependencies\":{\"node\":\"$1\"},\"allowScripts\":{\"node\":true}}" >"$folder/$1/package.json"
  (cd "$folder/$1" && npm install --no-audit --no-fund --loglevel=error >/dev/null)
  "$folder/$1/node_modules/node/bin/node" --no-warnings "$folder/try.mjs"
}
old=$(run 22.18.0)
new=$(run 22.20.0)
printf '22.18.0\n%s\n22.20.0\n%s\n' "$old" "$new"
[ "$old" = $'SELECT ? AS value: 7\nSELECT ?1 AS value: column index out of range' ]
[ "$new" = $'SELECT ? AS value: 7\nSELECT ?1 AS value: 7' ]
