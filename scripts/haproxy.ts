import { existsSync } from 'node:fs';
import { onPath } from './executables.ts';
import { hasApt, installPackages } from './install.ts';

export function findHaproxy(): string | null {
  return [...onPath('haproxy'), '/usr/sbin/haproxy'].find(existsSync) ?? null;
}

/** Installs it where it is missing; what Debian's package has it do from then on is nothing, until it is told more. */
export function ensureHaproxy(): string | null {
  return findHaproxy() ?? (hasApt && installPackages('haproxy') ? findHaproxy() : null);
}
