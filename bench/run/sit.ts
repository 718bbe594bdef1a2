/** How one contender is asked the cases of one sitting, with a server and a browser that nothing was asked of before. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright';
import { PostgresServer, USER } from '../../test/cluster/postgres.ts';
import { startSite } from '../../test/e2e/harness/site.ts';
import { startBrowser } from './browser.ts';
import type { BuiltPages } from './build.ts';
import { type Clients, startClients } from './clients.ts';
import type { ContenderInfo } from './contenders.ts';
import { askTab, type CaseInfo, everyTab, type Figures, type Scene } from './scene.ts';
import { startServerProcess } from './server-process.ts';
import {
  type BrowserSitting,
  type DatabaseSitting,
  type ServerSitting,
  type Sitting,
  whyNot,
} from './sittings.ts';

export type SittingOptions = Pick<Scene, 'quick' | 'traceFile'>;
type Told = (asked: CaseInfo, figures: Figures) => void;

/** Pages that are isolated read the time to 5 µs instead of 100: https://developer.mozilla.org/docs/Web/API/Performance/now */
const FINE_CLOCKS = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};

/** After opening, before anything is measured. */
const SETTLE_MS = 300;

/** Something failed while a case was asked, which the error's `cause` says. */
export class CaseFailed extends Error {
  readonly case: string;

  constructor(name: string, cause: unknown) {
    super(`${name}: ${cause instanceof Error ? cause.message : cause}`, { cause });
    this.case = name;
  }
}

/** @throws CaseFailed */
export function sit(
  sitting: Sitting,
  contender: ContenderInfo,
  built: BuiltPages,
  options: SittingOptions,
  told: Told,
): Promise<void> {
  switch (sitting.in) {
    case 'no browser':
      return sitAtServer(sitting, contender, built, options, told);
    case 'a database':
      return sitAtDatabase(sitting, contender, options, told);
    default:
      return sitInBrowser(sitting, contender, built, options, told);
  }
}

async function sitInBrowser(
  sitting: BrowserSitting,
  contender: ContenderInfo,
  built: BuiltPages,
  options: SittingOptions,
  told: Told,
): Promise<void> {
  await using defer = new AsyncDisposableStack();
  const server = await startServerProcess(built.entry('server'), contender.server);
  defer.defer(() => server.end());
  const site = await startSite(built.of(contender.name), () => server.port, FINE_CLOCKS);
  defer.defer(() => site.close());
  const browser = await startBrowser(sitting.in);
  defer.defer(() => browser.close());
  const url = `ws://127.0.0.1:${server.port}`;
  const openTab = () => browser.openTab(site.origin);
  const tabs: Page[] = [];
  const scene: Scene = { contender, server: server.calls, browser, tabs, url, openTab, ...options };
  tabs.push(...(await Promise.all(Array.from({ length: sitting.tabs }, openTab))));
  // One after the other: where tabs elect a leader, they don't do it all at once.
  for (const tab of tabs) await askTab(tab, (bench, to) => bench.connect(to), url);
  const { keys } = sitting;
  if (keys > 0) {
    const { last } = await server.calls.burst({ type: 'reading', count: keys, keys });
    await everyTab(tabs, (bench, n) => bench.until(n, 30_000), last);
  }
  await sleep(SETTLE_MS);
  for (const asked of sitting.cases) {
    if (whyNot(contender, asked) !== null) continue;
    told(asked.case, await named(asked.case, () => asked.case.run(scene)));
  }
  if (site.violations.length > 0) throw new Error(`against the policy: ${site.violations.join('\n')}`);
}

async function sitAtServer(
  sitting: ServerSitting,
  contender: ContenderInfo,
  built: BuiltPages,
  { quick }: SittingOptions,
  told: Told,
): Promise<void> {
  await using defer = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'trunkline-bench-'));
  defer.defer(() => rm(folder, { recursive: true, force: true }));
  const server = await startServerProcess(
    built.entry('server'),
    contender.server,
    sitting.log === 'sqlite' ? join(folder, 'log.sqlite') : undefined,
  );
  defer.defer(() => server.end());
  const url = `ws://127.0.0.1:${server.port}`;
  const openClients = async (): Promise<Clients> => {
    const clients = startClients(built.entry('clients'), contender.server, url);
    defer.defer(() => clients.end());
    return clients;
  };
  const scene = { contender, server: server.calls, openClients, quick };
  for (const asked of sitting.cases) {
    if (whyNot(contender, asked) !== null) continue;
    told(asked.case, await named(asked.case, () => asked.case.run(scene)));
  }
}

async function sitAtDatabase(
  sitting: DatabaseSitting,
  contender: ContenderInfo,
  { quick }: SittingOptions,
  told: Told,
): Promise<void> {
  await using defer = new AsyncDisposableStack();
  const primary = await PostgresServer.start();
  defer.defer(() => primary.stop());
  const standby = await primary.addSynchronousStandby();
  defer.defer(() => standby.stop());
  for (const node of [primary, standby]) await node.flush();
  const { password } = primary;
  const url = `postgres://${USER}@127.0.0.1:${primary.port},127.0.0.1:${standby.port}/postgres`;
  for (const asked of sitting.cases) {
    if (whyNot(contender, asked) !== null) continue;
    const scene = { contender, url, password, schema: asked.case.name.replaceAll('-', '_'), quick };
    told(asked.case, await named(asked.case, () => asked.case.run(scene)));
  }
}

async function named<R>({ name }: CaseInfo, work: () => Promise<R>): Promise<R> {
  try {
    return await work();
  } catch (error) {
    throw new CaseFailed(name, error);
  }
}
