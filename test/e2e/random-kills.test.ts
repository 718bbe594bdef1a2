import { join } from 'node:path';
import { Random } from '../simulation/random.ts';
import { expect, test } from './harness/lab.ts';
import { CHANGES, CUTS, DEATHS } from './random-kills/faults.ts';
import { pause, Scene, TOPICS } from './random-kills/scene.ts';

const DECISIONS = Number(process.env['TRUNKLINE_KILLS_DECISIONS'] ?? 2_000);
const SEED = Number(process.env['TRUNKLINE_KILLS_SEED'] ?? 1);
const DECISIONS_IN_A_ROUND = 42;
/** Below it the next fault comes: some of them meet a full outbox, and others an empty one. */
const PENDING = [0, 6, 24] as const;

test(`${DECISIONS} decisions under random kills, seed ${SEED}: each one that was stored runs once, and in order`, async ({
  folder,
  logFile,
  network,
  serveApart,
  site,
}) => {
  test.setTimeout(300_000 + DECISIONS * 650);
  const scene = new Scene({
    network,
    site,
    profile: join(folder, 'profile'),
    logFile,
    startServer: serveApart,
  });
  await scene.startServer();
  await scene.startBrowser();
  const { ledger } = scene;
  const happened: string[] = [];
  const next = { death: drawer(DEATHS), cut: drawer(CUTS), change: drawer(CHANGES) };
  try {
    while (ledger.count('durable') < DECISIONS) {
      // Of its own, so that a round is the same whatever became of those before it.
      const random = new Random(SEED * 10_000 + happened.length);
      const faults = random
        .pick([[next.death], [next.cut], [next.change], [next.death, next.cut], [next.change, next.cut]])
        .map((draw) => draw(random));
      const names = faults.map(({ name }) => name).join(', and ');
      const started = performance.now();
      await scene.decide(DECISIONS_IN_A_ROUND, random);
      await pause(random, 60);
      await Promise.all(faults.map(({ happen }) => happen(scene, new Random(random.int(2 ** 31)))));
      await scene.settle(random.pick(PENDING));
      happened.push(`${names} (${Math.round(performance.now() - started)} ms)`);
    }
    await scene.settle(0);
    const lives = scene.tabs.map(({ life }) => life);
    await expect
      .poll(async () => {
        for (const { page } of scene.tabs) await ledger.collect(page);
        return lives.map((life) => ledger.count('open', life));
      }, 'sends without an answer in pages that live')
      .toEqual(lives.map(() => 0));

    const log = scene.log();
    expect(ledger.problems(log)).toEqual([]);
    const gates = log.effects.map(({ gateId }) => gateId).sort();
    for (const tab of scene.tabs) {
      const heard = () =>
        tab.page.evaluate(() =>
          window.lab.heard.map(({ event }) => (event.type === 'gate' ? event.gateId : event.type)),
        );
      await expect.poll(async () => (await heard()).length).toBe(gates.length);
      expect((await heard()).sort()).toEqual(gates);
      expect(tab.uncaught).toEqual([]);
    }
    await expect.poll(() => network.connections).toBe(1);
    console.log(
      `seed ${SEED}: ${ledger.size} decisions in ${TOPICS.length} topics, ${happened.length} rounds of faults: ${ledger.count('durable')} stored, ` +
        `${ledger.count('refused')} refused, ${ledger.count('open')} of pages that died before they heard; ${gates.length} ran, once`,
    );
  } catch (error) {
    console.log(`seed ${SEED}, after:\n  ${happened.join('\n  ')}`);
    throw error;
  } finally {
    await scene.killBrowser();
  }
});

/** Draws all of them in a random order, and then all of them again. */
function drawer<T>(all: readonly [T, ...T[]]): (random: Random) => T {
  let bag: T[] = [];
  return (random) => {
    if (bag.length === 0) bag = [...all];
    const [drawn = all[0]] = bag.splice(random.int(bag.length), 1);
    return drawn;
  };
}
