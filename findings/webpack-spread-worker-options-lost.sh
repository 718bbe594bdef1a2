#!/usr/bin/env bash
# webpack's `new SharedWorker(new URL(…, import.meta.url), …)`, in webpack@5.112.2 from npm.
# The good guess: what is spread into the worker's options reaches the constructor, as it does from a variable; `type` alone is
# webpack's own to set.
# Seen: of `{ ...options, type: 'module' }` the constructor is given `type` alone, without an error or a warning: the worker has no
# name. Of a variable it is given all.
# Exits non-zero where that has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true,"type":"module","dependencies":{"webpack":"5.112.2"}}' >package.json
npm install --no-audit --no-fund --loglevel=error >/dev/null
echo 'onconnect = () => {};' >worker.js
cat >page.js <<'JS'
const named = { name: 'a name' };
const whole = { name: 'a name', type: 'module' };
new SharedWorker(new URL('./worker.js', import.meta.url), { ...named, type: 'module' });
new SharedWorker(new URL('./worker.js', import.meta.url), whole);
JS
cat >try.js <<'JS'
import { readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import webpack from 'webpack';

const compiler = webpack({ mode: 'production', target: 'web', entry: './page.js', output: { publicPath: 'http://site/' } });
const stats = await new Promise((done, failed) => compiler.run((error, result) => (result ? done(result) : failed(error))));
const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
console.log(`${errors.length} errors, ${warnings.length} warnings`);
class SharedWorker {
  constructor(_, { name }) {
    console.log(`name: ${name}`);
  }
}
const page = { SharedWorker, URL, document: { baseURI: 'http://site/' }, location: { href: 'http://site/' } };
runInNewContext(readFileSync('dist/main.js', 'utf8'), { ...page, self: page });
JS
seen=$(node try.js)
echo "$seen"
[ "$seen" = $'0 errors, 0 warnings\nname: undefined\nname: a name' ]
