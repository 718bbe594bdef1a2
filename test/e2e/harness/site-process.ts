import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { lastingPort } from '../../../testing/network/lasting-port.ts';

const CHILD = join(import.meta.dirname, 'site-child.ts');

/** A site whose pages have a service worker, in a process of its own, so that it can really end. */
export interface SiteProcess {
  readonly origin: string;
  /** What the browser reported as against the policy. */
  readonly violations: string[];
  /** SIGKILL: whoever asks afterwards finds nobody listening. */
  kill(): Promise<void>;
  /** At the same address; another folder is another build. */
  start(folder: string): Promise<void>;
}

export async function startSiteProcess(folder: string, socketPort: number): Promise<SiteProcess> {
  const port = await lastingPort();
  const violations: string[] = [];
  let running: ChildProcess | null = null;
  const site: SiteProcess = {
    origin: `http://127.0.0.1:${port}`,
    violations,
    async kill() {
      const child = running;
      running = null;
      if (!child) return;
      child.send('violations');
      violations.push(...((await once(child, 'message'))[0] as string[]));
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
    async start(from) {
      const child = fork(CHILD, [from, String(port), String(socketPort)]);
      running = child;
      await Promise.race([
        once(child, 'message'),
        once(child, 'exit').then(([code, signal]) => {
          throw new Error(`the site's process ended: exit code ${code}, signal ${signal}`);
        }),
      ]);
    },
  };
  await site.start(folder);
  return site;
}
