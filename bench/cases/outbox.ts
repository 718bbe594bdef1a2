import { expect } from '@playwright/test';
import type { Page } from 'playwright';
import { askTab, type Case, FLAWLESS, type Scene } from '../run/scene.ts';
import type { Durability } from '../shared/contract.ts';
import { median } from '../shared/quantile.ts';

const TOGETHER = 200;
const TOGETHER_REPETITIONS = 7;
const ALONE_REPETITIONS = 30;
const WARM_UPS = 3;
const PATIENCE_MS = 30_000;

/** Commands while the server is gone: stored, and sent when it is back. */
export const outbox: Case = {
  name: 'outbox',
  title: `Commands while the server is gone`,
  figures: [
    {
      name: 'together',
      title: `${TOGETHER} in one turn, until all are stored`,
      reason: 'stored',
      unit: 'ms',
      better: 'lower',
    },
    {
      name: 'alone',
      title: 'one, until it is stored (relaxed)',
      reason: 'stored',
      unit: 'ms',
      better: 'lower',
    },
    {
      name: 'aloneStrict',
      title: 'one, until it is stored (strict)',
      reason: 'stored',
      unit: 'ms',
      better: 'lower',
    },
    {
      name: 'flush',
      title: `${TOGETHER} queued, from the connection's return until the server has them`,
      unit: 'ms',
      better: 'lower',
    },
  ],
  async run(scene) {
    const { contender, server } = scene;
    const [tab] = scene.tabs;
    if (!tab) throw new Error('an outbox needs a tab');
    await server.cut();
    await expect.poll(() => askTab(tab, (bench) => bench.isOpen(), null)).toBe(false);
    const stored = contender.cannot['stored'] ? {} : await storeTimes(tab, contender.name);
    if (contender.cannot['flush']) {
      await server.restore();
      return { values: stored, flaws: FLAWLESS };
    }
    await askTab(tab, (bench, count) => bench.queue(count, 'relaxed'), TOGETHER);
    return { ...(await flush(scene, stored)) };
  },
};

async function storeTimes(tab: Page, name: string): Promise<Record<string, number>> {
  const time = async (count: number, durability: Durability, repetitions: number) => {
    const times: number[] = [];
    for (let i = 0; i < WARM_UPS + repetitions; i++) {
      const ms = await askTab(tab, (bench, what) => bench.queue(what.count, what.durability), {
        count,
        durability,
      });
      await askTab(tab, (bench) => bench.clear(), null);
      if (i >= WARM_UPS && ms !== null) times.push(ms);
    }
    return median(times);
  };
  const together = await time(TOGETHER, 'relaxed', TOGETHER_REPETITIONS);
  const alone = await time(1, 'relaxed', ALONE_REPETITIONS);
  // It has no say in how its storage writes.
  if (name === 'offline-transactions') return { together, alone };
  return { together, alone, aloneStrict: await time(1, 'strict', ALONE_REPETITIONS) };
}

async function flush({ server }: Scene, stored: Record<string, number>) {
  await server.forgetCommands();
  await server.restore();
  const deadline = performance.now() + PATIENCE_MS;
  let { numbers, lastAt } = await server.commands();
  while (numbers.length < TOGETHER && performance.now() < deadline) {
    await new Promise((again) => setTimeout(again, 20));
    ({ numbers, lastAt } = await server.commands());
  }
  const distinct = new Set(numbers);
  const disordered = numbers.filter((n, index) => n < (numbers[index - 1] ?? 0)).length;
  return {
    values: { ...stored, flush: lastAt - (await server.acceptedAt()) },
    flaws: {
      ...FLAWLESS,
      lost: TOGETHER - distinct.size,
      duplicates: numbers.length - distinct.size,
      disordered,
    },
  };
}
