import { existsSync } from 'node:fs';
import { onPath } from './executables.ts';
import { hasApt, installPackages } from './install.ts';

export interface Nchan {
  /** The program that loads the module. */
  readonly nginx: string;
  readonly module: string;
}

/** Where Debian's packages have them. */
const MODULE = '/usr/lib/nginx/modules/ngx_nchan_module.so';
const PACKAGES = ['nginx-light', 'libnginx-mod-nchan'];

function findNchan(): Nchan | null {
  const nginx = [...onPath('nginx'), '/usr/sbin/nginx'].find(existsSync);
  return nginx !== undefined && existsSync(MODULE) ? { nginx, module: MODULE } : null;
}

/** nchan, a module of nginx that sends to WebSockets what is posted to it; from Debian's packages where it is missing. */
export function ensureNchan(): Nchan | null {
  return findNchan() ?? (hasApt && installPackages(...PACKAGES) ? findNchan() : null);
}
