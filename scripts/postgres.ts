import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { onPath } from './executables.ts';
import { hasApt, installPackages } from './install.ts';

/** How Debian lays its packages out, and Ubuntu: one folder a version, off the PATH. */
const VERSIONS = '/usr/lib/postgresql';
/** Without the client's package there is a `psql` on the PATH that only says so. */
const NEEDED = ['postgres', 'initdb', 'pg_basebackup', 'psql'];
/** Debian's package makes a database cluster `main` and starts it, unless it is told not to before. */
const NO_CLUSTER = '/etc/postgresql-common/createcluster.d/trunkline.conf';

/** The folder with PostgreSQL's programs, the newest version's; `null` where there is none. */
export function findPostgres(): string | null {
  const versions = existsSync(VERSIONS) ? readdirSync(VERSIONS).filter((name) => Number(name) > 0) : [];
  const newestFirst = versions
    .sort((a, b) => Number(b) - Number(a))
    .map((name) => join(VERSIONS, name, 'bin'));
  const isWhole = (folder: string) => NEEDED.every((name) => existsSync(join(folder, name)));
  return [...newestFirst, ...onPath('postgres').map(dirname)].find(isWhole) ?? null;
}

/** Installs it where it is missing, its programs only: no server is made or started. */
export function ensurePostgres(): string | null {
  const found = findPostgres();
  if (found !== null || !hasApt) return found;
  mkdirSync(dirname(NO_CLUSTER), { recursive: true });
  writeFileSync(NO_CLUSTER, 'create_main_cluster = false\n');
  try {
    return installPackages('postgresql') ? findPostgres() : null;
  } finally {
    rmSync(NO_CLUSTER);
  }
}
