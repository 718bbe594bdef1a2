import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { firstThatStarts, onPath } from './executables.ts';
import { hasApt, run } from './install.ts';

const CACHE = resolve(import.meta.dirname, '../node_modules/.cache/trunkline/nats');
const OWN = join(CACHE, 'usr/sbin/nats-server');

/** A `nats-server`, or `null`. */
export function findNats(): string | null {
  return firstThatStarts([...onPath('nats-server'), '/usr/sbin/nats-server', OWN])?.path ?? null;
}

/** Takes it out of Debian's package where it is missing: installed, that would start a server with the machine. */
export function ensureNats(): string | null {
  const found = findNats();
  if (found !== null || !hasApt) return found;
  mkdirSync(CACHE, { recursive: true });
  const unpack = `cd "${CACHE}" && rm -f *.deb && apt-get download nats-server && dpkg-deb -x nats-server_*.deb .`;
  return run('apt-get', 'update') && run('sh', '-c', unpack) ? findNats() : null;
}
