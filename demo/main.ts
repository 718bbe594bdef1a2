import { basename, dirname, join } from 'node:path';
import { commandLine } from '../scripts/command-line.ts';
import { loadPipeline } from './engine/pipeline.ts';
import { pipelines } from './engine/pipelines.ts';
import { type Source, traceSource } from './engine/saved-run.ts';
import { sayGates } from './engine/trace.ts';
import { type Arguments, argumentsOf, START } from './server/arguments.ts';
import { startConsoleServer } from './server/index.ts';
import { buildConsole } from './server/site.ts';

const PIPELINES = join(import.meta.dirname, 'pipelines');

const given = commandLine(START, (given) => argumentsOf(given, process.cwd()));
try {
  await main(given);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}

async function main(given: Arguments): Promise<void> {
  const { engine, target, trace, log, dataFolder, port } = given;
  const sources = engine === 'pipelines' ? await sourcesOf(given) : [];
  const replayed = trace && (await traceSource(trace));
  if (replayed) sources.push(replayed);

  console.log('Building the console …');
  const site = await buildConsole();
  const options = { site, dataFolder, port, ...(log === null ? {} : { log }) };
  const server =
    engine === 'langgraph'
      ? await startConsoleServer({ ...options, kind: await graphsOn(target) })
      : await startConsoleServer({ ...options, kind: () => pipelines(sources) });
  if (trace && replayed) {
    const runId = await server.start('trace');
    console.log(`Replaying ${trace.path} at ${trace.speed} times its speed: run ${runId}.`);
    for (const line of sayGates(replayed.trace)) console.log(line);
  }
  if (log !== null) console.log(`The log is ${log}.`);
  if (server.sharesLog) {
    console.log(
      'What this server runs stays with it: other servers of the log show it, and cannot go on with it.',
    );
  }
  console.log(`Open ${server.url} in two tabs. Ctrl-C ends it.`);

  const stop = async () => {
    console.log('Stopping …');
    await server.close();
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

async function sourcesOf({ pipelines: files, target }: Arguments): Promise<Source[]> {
  const fromFile = async (path: string): Promise<Source> => {
    const pipeline = await loadPipeline(path, basename(path, '.json'));
    return { kind: 'file', pipeline, here: dirname(path), target };
  };
  const own = ['audit', 'trouble'].map((name) => join(PIPELINES, `${name}.json`));
  const sources = await all([...own, ...files].map(fromFile));
  const names = sources.map(({ pipeline }) => pipeline.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    throw new Error(`There are two pipelines named "${twice}"; rename the file of one`);
  return sources;
}

/** Loaded by those alone who ask for it: it takes its time. */
async function graphsOn(target: string) {
  const { graphs } = await import('./langgraph/graphs.ts');
  const { audit } = await import('./langgraph/audit.ts');
  return (folder: string) => graphs([audit(target)], folder);
}

/** @throws Error with what any of them has failed with. */
async function all<T>(made: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(made);
  const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  if (failures.length > 0)
    throw new Error(failures.map((error) => (error instanceof Error ? error.message : error)).join('\n'));
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}
