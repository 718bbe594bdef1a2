import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { type Pipeline, parsePipeline } from './pipeline.ts';
import { loadTrace, type Trace } from './trace.ts';

/** Where a run comes from: all that a later server needs to go on with it. */
export type Source =
  | {
      readonly kind: 'file';
      readonly pipeline: Pipeline;
      /** The folder of the pipeline file. */
      readonly here: string;
      /** What it works on. */
      readonly target: string;
    }
  | {
      readonly kind: 'trace';
      readonly pipeline: Pipeline;
      readonly trace: Trace;
      readonly path: string;
      readonly speed: number;
      readonly gates: readonly string[];
    };

const saved = z.union([
  z.object({
    kind: z.literal('file'),
    name: z.string(),
    here: z.string(),
    target: z.string(),
    pipeline: z.unknown(),
  }),
  z.object({
    kind: z.literal('trace'),
    path: z.string(),
    speed: z.number(),
    gates: z.array(z.string()),
  }),
]);
const FILE = 'run.json';

/** The pipeline as it is now: the file may be another one when the run goes on. A trace stays where it is. */
export async function saveRun(folder: string, source: Source): Promise<void> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, FILE);
  await writeFile(`${path}.new`, JSON.stringify(savedOf(source), null, 2));
  await rename(`${path}.new`, path);
}

function savedOf(source: Source): z.infer<typeof saved> {
  if (source.kind === 'trace') {
    const { kind, path, speed, gates } = source;
    return { kind, path, speed, gates: [...gates] };
  }
  const { kind, here, target } = source;
  const { name, ...pipeline } = source.pipeline;
  return { kind, name, here, target, pipeline };
}

/** @throws Error that says what is missing or wrong. */
export async function loadSavedRun(folder: string): Promise<Source> {
  const path = join(folder, FILE);
  const run = z.parse(saved, JSON.parse(await readFile(path, 'utf8')));
  if (run.kind === 'trace') return await traceSource(run);
  const { kind, here, target } = run;
  return { kind, here, target, pipeline: parsePipeline(run.pipeline, path, run.name) };
}

/** @throws Error that names the file and the place. */
export async function traceSource(options: {
  path: string;
  speed: number;
  gates: readonly string[];
}): Promise<Extract<Source, { kind: 'trace' }>> {
  const { path, speed, gates } = options;
  const trace = await loadTrace(path, gates);
  return { kind: 'trace', pipeline: trace.pipeline, trace, path, speed, gates };
}
