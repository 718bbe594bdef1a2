import { setTimeout as sleep } from 'node:timers/promises';
import { askTab, type Case, FLAWLESS } from '../run/scene.ts';

const MISSED = 10_000;
const OUTAGE_MS = 1_500;
const TIMEOUT_MS = 15_000;

/** The line is cut, events go on, the line comes back. */
export const outage: Case = {
  name: 'outage',
  title: `After an outage of ${OUTAGE_MS / 1_000} s with ${MISSED.toLocaleString('en')} missed events`,
  figures: [
    { name: 'first', title: 'first event, after the server is back', unit: 'ms', better: 'lower' },
    { name: 'ofStep', title: 'the same, of the backoff step it was in', unit: '%', better: 'lower' },
    { name: 'afterAccept', title: 'first event, after the connection is back', unit: 'ms', better: 'lower' },
    { name: 'replay', title: 'all missed events, after the connection is back', unit: 'ms', better: 'lower' },
  ],
  async run({ contender, server, tabs, quick }) {
    const [tab] = tabs;
    if (!tab) throw new Error('an outage needs a tab');
    await server.cut();
    const first = await server.next();
    await askTab(tab, (bench, from) => bench.begin(from), first);
    const missed = quick ? MISSED / 10 : MISSED;
    const { last } = await server.burst({ type: 'tick', count: missed, keys: 1_000 });
    await sleep(OUTAGE_MS);
    const boundMs = await askTab(tab, (bench) => bench.backoffBoundMs(), null);
    const replayed = askTab(tab, (bench, { n, timeoutMs }) => bench.until(n, timeoutMs), {
      n: last,
      timeoutMs: contender.cannot['replay'] ? 1 : TIMEOUT_MS,
    });
    const back = askTab(tab, (bench, { at, timeoutMs }) => bench.untilPublishedSince(at, timeoutMs), {
      at: 0,
      timeoutMs: TIMEOUT_MS,
    });
    const restoredAt = await server.restore();
    let firstAt: number | null | undefined;
    back.then((at) => {
      firstAt = at;
    });
    while (firstAt === undefined)
      await server.steady({ type: 'tick', perSecond: 50, seconds: 0.1, keys: 1_000 });
    if (firstAt === null) throw new Error(`nothing came within ${TIMEOUT_MS} ms of the server's return`);
    const acceptedAt = await server.acceptedAt();
    const lost = !(await replayed);
    const replay = lost ? null : await askTab(tab, (bench, n) => bench.arrivedAt(n), last);
    const received = await askTab(tab, (bench, to) => bench.receivedUpTo(to), last);
    const { duplicates, disordered } = await askTab(tab, (bench) => bench.arrivals(), null);
    return {
      values: {
        first: firstAt - restoredAt,
        ...(boundMs !== null && { ofStep: ((firstAt - restoredAt) / boundMs) * 100 }),
        afterAccept: firstAt - acceptedAt,
        ...(replay !== null && { replay: replay - acceptedAt }),
      },
      flaws: { ...FLAWLESS, lost: missed - received, duplicates, disordered },
    };
  },
};
