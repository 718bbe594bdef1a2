import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { loadTrace, type Trace } from '../../demo/engine/trace.ts';
import { askTab, type Case, everyTab, FLAWLESS } from '../run/scene.ts';
import type { Script } from '../server/contract.ts';

/** The largest of those that may lie beside the repository. */
const FILE = resolve(import.meta.dirname, '../../../shared/traces/seismology-chameleon-200p-001.json');
const SPEEDS = [1, 3, 10, 30, 100, 300, 1_000, 3_000];
const SECONDS_PER_SPEED = 1;
/** A page that leaves out more than this paints no longer. */
const GAP_LIMIT_MS = 100;
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
  async run({ server, tabs, quick }) {
    if (!existsSync(FILE)) return { values: {}, flaws: FLAWLESS, remark: 'the trace is not there' };
    const script = scriptOf(await loadTrace(FILE));
    const durationSeconds = script.at(-1)?.[1] ?? 0;
    let best = { speed: 0, perSecond: 0 };
    let lost = 0;
    for (const speed of quick ? SPEEDS.slice(3, 5) : SPEEDS) {
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
      const paints = Math.max(...painted.map(({ longestGapMs }) => longestGapMs)) <= GAP_LIMIT_MS;
      if (!paints || caughtUp.includes(false)) break;
      best = { speed, perSecond: shown.length / SECONDS_PER_SPEED };
      const due = await server.state();
      for (const tab of tabs) {
        const state = await askTab(tab, (bench) => bench.state(), null);
        lost += Object.entries(due).filter(([key, n]) => state[key] !== n).length;
      }
    }
    return { values: best, flaws: { ...FLAWLESS, lost } };
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
