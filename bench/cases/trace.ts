import { existsSync } from 'node:fs';
import type { Trace } from '../../demo/engine/trace.ts';
import { type Case, countStale, everyTab, FLAWLESS } from '../run/scene.ts';
import type { Script } from '../server/contract.ts';

const SPEEDS = [3, 10, 30, 100, 300, 1_000];
const SECONDS_PER_SPEED = 0.7;
/** With fewer frames, or longer between two of them, a page is no longer seen to paint. */
const FRAMES_PER_SECOND = 20;
const GAP_LIMIT_MS = 200;
/** Beyond this what it paints is old. */
const BEHIND_LIMIT_MS = 250;

/** A real workflow execution, faster and faster. */
export const trace: Case = {
  name: 'trace',
  title: 'A workflow execution of 201 tasks, replayed to 10 tabs as fast as all of them still paint',
  figures: [
    { name: 'speed', title: 'highest speed', unit: '', better: 'higher' },
    { name: 'perSecond', title: 'events per second at that speed', unit: 'per second', better: 'higher' },
  ],
  async run({ server, tabs, quick, traceFile }) {
    if (!existsSync(traceFile)) return { values: {}, flaws: FLAWLESS, remark: 'the trace is not there' };
    // The demo stands on the built package, which is there when pages are.
    const { loadTrace } = await import('../../demo/engine/trace.ts');
    const script = scriptOf(await loadTrace(traceFile));
    const durationSeconds = script.at(-1)?.[1] ?? 0;
    let best = { speed: 0, perSecond: 0 };
    let stale = 0;
    for (const speed of quick ? SPEEDS.slice(0, 2) : SPEEDS) {
      const runs = Math.max(1, Math.round((SECONDS_PER_SPEED * speed) / durationSeconds));
      const repeated: Script = Array.from({ length: runs }, (_, run) =>
        script.map(([key, at]) => [key, (run * durationSeconds + at) / speed] as const),
      ).flat();
      const shown: Script = repeated.filter(([, at]) => at <= SECONDS_PER_SPEED);
      await everyTab(tabs, (bench) => bench.startPainting(), null);
      const { last } = await server.play(shown);
      const caughtUp = await everyTab(tabs, (bench, { n, timeoutMs }) => bench.until(n, timeoutMs), {
        n: last,
        timeoutMs: BEHIND_LIMIT_MS,
      });
      const painted = await everyTab(tabs, (bench) => bench.stopPainting(), null);
      const paints = painted.every(
        ({ framesPerSecond, longestGapMs }) =>
          longestGapMs <= GAP_LIMIT_MS && framesPerSecond >= FRAMES_PER_SECOND,
      );
      if (!paints || caughtUp.includes(false)) break;
      best = { speed, perSecond: shown.length / SECONDS_PER_SPEED };
      stale += await countStale({ server }, tabs);
    }
    return { values: best, flaws: { ...FLAWLESS, stale } };
  },
};

/** Each task's beginning and end, where everything runs as soon as what it waits for is done. */
function scriptOf({ pipeline, executed }: Trace): Script {
  const ends = new Map<string, number>();
  const nodes = new Map(pipeline.nodes.map((node) => [node.id, node]));
  const endOf = (id: string): number => {
    const known = ends.get(id);
    if (known !== undefined) return known;
    const start = startOf(id);
    const end = start + (executed.get(id)?.runtimeInSeconds ?? 0);
    ends.set(id, end);
    return end;
  };
  const startOf = (id: string): number => Math.max(0, ...(nodes.get(id)?.after ?? []).map(endOf));
  return [...nodes.keys()]
    .flatMap((id) => [[id, startOf(id)] as const, [id, endOf(id)] as const])
    .sort(([, a], [, b]) => a - b);
}
