import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright';
import { askTab, countStale, everyTab, flawsOf } from '../run/scene.ts';
import type { ServerProcess } from '../run/server-process.ts';
import { OUTCOMES_KEPT } from './verdict.ts';

export interface SoakScene {
  readonly server: ServerProcess['calls'];
  /** The first one stays, the others come and go. */
  readonly tabs: Page[];
  openTab(): Promise<Page>;
}

const KEYS = 1_000;
/** Keys that go, and as many that come, in each cycle. */
const FRESH_KEYS = 100;
const READINGS_PER_SECOND = 600;
const READING_SECONDS = 3;
const TICKS = 1_200;
const COMMANDS = 10;
/** One in so many cycles has an outage. */
const OUTAGE_EVERY = 4;
const OUTAGE_MS = 700;
const TIMEOUT_MS = 60_000;
/** As many as an outbox takes. */
const COMMANDS_AT_ONCE = 200;

/** What is kept up to a bound is full before the first sample. */
export async function fill({ server, tabs: [tab] }: SoakScene): Promise<void> {
  if (!tab) throw new Error('there is no tab to send from');
  for (let sent = 0; sent < OUTCOMES_KEPT; sent += COMMANDS_AT_ONCE)
    await sendCommands(tab, COMMANDS_AT_ONCE);
  await server.forgetCommands();
}

/** Tabs, keys, commands and the line come and go once; ends quiet, with as many tabs and keys as before. Counts events. */
export async function runCycle(scene: SoakScene, cycle: number): Promise<number> {
  const { server, tabs } = scene;
  const first = await server.next();
  await replaceTab(scene, cycle);
  const firstKey = cycle * FRESH_KEYS;
  const readings = server.steady({
    type: 'reading',
    perSecond: READINGS_PER_SECOND,
    seconds: READING_SECONDS,
    keys: KEYS,
    firstKey,
  });
  if (cycle % OUTAGE_EVERY === OUTAGE_EVERY - 1) {
    await server.cut();
    await sleep(OUTAGE_MS);
    await server.restore();
  }
  await readings;
  await server.burst({
    type: 'gone',
    count: FRESH_KEYS,
    keys: FRESH_KEYS,
    firstKey: Math.max(0, firstKey - FRESH_KEYS),
  });
  await checkCommands(scene, cycle);
  await checkTicks(scene);
  const stale = await countStale(scene, tabs);
  if (stale > 0) throw new Error(`${stale} tabs have not the newest event of every key`);
  return (await server.next()) - first;
}

/** As a person closes one tab, without a word to it, and opens another. */
async function replaceTab({ tabs, openTab }: SoakScene, cycle: number): Promise<void> {
  const index = 1 + (cycle % (tabs.length - 1));
  await tabs[index]?.close();
  tabs[index] = await openTab();
}

/** Each tab has each of them, once, in order. */
async function checkTicks({ server, tabs }: SoakScene): Promise<void> {
  const first = await server.next();
  await everyTab(tabs, (bench, from) => bench.begin(from), first);
  const { last } = await server.burst({ type: 'tick', count: TICKS, keys: KEYS });
  await everyTab(tabs, (bench, { n, timeoutMs }) => bench.until(n, timeoutMs), {
    n: last,
    timeoutMs: TIMEOUT_MS,
  });
  const arrivals = await everyTab(tabs, (bench) => bench.arrivals(), null);
  const { lost, duplicates, disordered } = flawsOf(arrivals, TICKS);
  if (lost + duplicates + disordered > 0) {
    throw new Error(`of the ticks ${lost} were lost, ${duplicates} came twice, ${disordered} out of order`);
  }
  // What a page wrote down is not to be taken for a leak.
  await everyTab(tabs, (bench, from) => bench.begin(from), last + 1);
}

/** Each is done once, whatever the line does. */
async function checkCommands({ server, tabs }: SoakScene, cycle: number): Promise<void> {
  const tab = tabs[cycle % tabs.length];
  if (!tab) throw new Error('there is no tab to send from');
  await server.forgetCommands();
  await sendCommands(tab, COMMANDS);
  const { numbers } = await server.commands();
  const due = Array.from({ length: COMMANDS }, (_, index) => index + 1);
  if (numbers.join() !== due.join()) throw new Error(`the commands that ran are ${numbers.join()}`);
}

async function sendCommands(tab: Page, count: number): Promise<void> {
  await askTab(tab, (bench, n) => bench.queue(n, 'relaxed'), count);
  await askTab(tab, (bench, timeoutMs) => bench.untilSent(timeoutMs), TIMEOUT_MS);
}
