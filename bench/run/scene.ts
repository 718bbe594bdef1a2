import type { Page } from 'playwright';
import type { Arrivals, Bench } from '../shared/contract.ts';
import type { BenchBrowser } from './browser.ts';
import type { Clients } from './clients.ts';
import type { ContenderInfo } from './contenders.ts';
import type { ServerProcess } from './server-process.ts';

/** One contender at work: its server, a browser, and tabs that are connected. */
export interface Scene {
  readonly contender: ContenderInfo;
  readonly server: ServerProcess['calls'];
  readonly browser: BenchBrowser;
  readonly tabs: readonly Page[];
  /** Where its server is, for the page. */
  readonly url: string;
  /** One more, which is not connected yet. */
  openTab(): Promise<Page>;
  readonly quick: boolean;
  /** A workflow execution to replay. */
  readonly traceFile: string;
}

/** One contender's server, without a browser. */
export interface ServerScene {
  readonly contender: ContenderInfo;
  readonly server: ServerProcess['calls'];
  /** In a process of their own, connected to nothing yet. */
  openClients(): Promise<Clients>;
  readonly quick: boolean;
}

/** A database, and nothing of a contender's that runs yet. */
export interface DatabaseScene {
  readonly contender: ContenderInfo;
  /** Of its primary and its standby. */
  readonly url: string;
  readonly password: string;
  /** Nothing is in it. */
  readonly schema: string;
  readonly quick: boolean;
}

/** What was wrong with what arrived: a figure with any of it is marked. */
export interface Flaws {
  readonly lost: number;
  readonly duplicates: number;
  readonly disordered: number;
  /** Tabs that did not end with the newest event of every key. */
  readonly stale: number;
}
export interface Figures {
  /** By the name of the figure. Those that are left out could not be had. */
  readonly values: Readonly<Record<string, number>>;
  readonly flaws: Flaws;
  /** What was seen and is no figure. */
  readonly remark?: string;
}
export interface FigureInfo {
  readonly name: string;
  readonly title: string;
  readonly unit: 'ms' | 'µs' | 'per second' | 'bytes' | 'MB' | '' | '%';
  readonly better: 'lower' | 'higher';
  /** The reason in `cannot` of those who have no such figure, where that is not the figure's name. */
  readonly reason?: string;
}
export interface CaseInfo {
  readonly name: string;
  readonly title: string;
  readonly figures: readonly FigureInfo[];
}
export interface Case extends CaseInfo {
  run(scene: Scene): Promise<Figures>;
}
export interface ServerCase extends CaseInfo {
  run(scene: ServerScene): Promise<Figures>;
}

export interface DatabaseCase extends CaseInfo {
  run(scene: DatabaseScene): Promise<Figures>;
}

export const FLAWLESS: Flaws = { lost: 0, duplicates: 0, disordered: 0, stale: 0 };

/** Calls all pages at the same time. */
export function everyTab<A, R>(
  tabs: readonly Page[],
  work: (bench: Bench, argument: A) => R,
  argument: A,
): Promise<Awaited<R>[]> {
  return Promise.all(tabs.map((tab) => askTab(tab, work, argument)));
}

export async function askTab<A, R>(
  tab: Page,
  work: (bench: Bench, argument: A) => R,
  argument: A,
): Promise<Awaited<R>> {
  const bench = await tab.evaluateHandle(() => window.bench);
  try {
    return await bench.evaluate(work as never, argument as never);
  } finally {
    await bench.dispose();
  }
}

/** @param due how many different events were to come to each tab. */
export function flawsOf(arrivals: readonly Arrivals[], due: number): Flaws {
  const sum = (of: (arrival: Arrivals) => number) =>
    arrivals.reduce((total, arrival) => total + of(arrival), 0);
  return {
    lost: sum(({ received }) => due - received),
    duplicates: sum(({ duplicates }) => duplicates),
    disordered: sum(({ disordered }) => disordered),
    stale: 0,
  };
}

/** How many of the tabs have not the newest event of every key. */
export async function countStale({ server }: Pick<Scene, 'server'>, tabs: readonly Page[]): Promise<number> {
  const due = await server.state();
  const states = await everyTab(tabs, (bench) => bench.state(), null);
  return states.filter(({ keys, sum }) => keys !== due.keys || sum !== due.sum).length;
}
