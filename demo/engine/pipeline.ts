import { readFile } from 'node:fs/promises';
import * as z from 'zod/mini';
import { JsonDocument, JsonProblem, type Place } from '../../src/json-document.ts';
import { type Fault, findGraphFaults, nodesToRead, saidOf, schemaFaults } from './pipeline-faults.ts';
import { ANYBODY } from './protocol.ts';

// zod/mini brings no words of its own for what is wrong.
z.config(z.locales.en());

/** The descriptions are what editors show, by `docs/pipeline.schema.json`. */
const about = z.describe;
const text = (description: string) => z.string().check(about(description));
const seconds = (most: number, description: string) =>
  z.number().check(z.nonnegative(), z.maximum(most), about(description));
const id = z.string().check(z.regex(/^[\w.-]{1,64}$/, 'letters, digits, ., - and _, at most 64'));

const node = {
  id: id.check(about('Its name within the pipeline: letters, digits, ., - and _, at most 64')),
  title: z.optional(text('What people read; its id, where it is left out')),
  after: z._default(
    z.array(id).check(about('The ids of the nodes that have to succeed before it begins')),
    [],
  ),
};

const task = z.strictObject({
  ...node,
  run: z
    .array(z.string())
    .check(
      z.minLength(1),
      about(
        "The program and its arguments. In them, $WORK is the run's own folder (also where it runs), $TARGET what the pipeline works on, $HERE the folder of the pipeline file, $NODE the Node that runs the engine. The program finds the first three in its environment as well",
      ),
    ),
  timeoutSeconds: z._default(
    z
      .number()
      .check(
        z.positive(),
        z.maximum(24 * 60 * 60),
        about('It is ended, and has failed, when it takes longer'),
      ),
    60,
  ),
  retries: z._default(
    z.int().check(z.nonnegative(), about('How often it is tried again after a failure')),
    0,
  ),
  retryAfterSeconds: z._default(seconds(60 * 60, 'How long after a failure it is tried again'), 1),
  repeatable: z._default(
    z
      .boolean()
      .check(about('It can be begun anew without harm: a restart of the server that broke it off does so')),
    false,
  ),
  cost: z._default(
    z
      .number()
      .check(z.nonnegative(), about('What it costs on top of its CPU seconds; counts against the budget')),
    0,
  ),
});

const label = text('What the shown text is');
const gate = z.strictObject({
  ...node,
  gate: z
    .strictObject({
      title: text('The question'),
      show: z._default(
        z
          .array(
            z.union([
              z.strictObject({ label, text: text('What to decide on') }),
              z.strictObject({
                label,
                file: z
                  .string()
                  .check(
                    z.regex(/^[\w-][\w.-]*$/, "a file's name, without a folder"),
                    about("A file in the run's folder, which holds what to decide on"),
                  ),
              }),
            ]),
          )
          .check(about('What to decide on: each a label, and a text or the name of a file')),
        [],
      ),
      decidedBy: z._default(text('The name of the operator who may decide'), ANYBODY),
      timeLimitSeconds: z._default(
        z.number().check(z.positive(), z.maximum(7 * 24 * 60 * 60), about('How long it waits')),
        300,
      ),
      onExpiry: z._default(
        z.enum(['approve', 'reject']).check(about('What counts where nobody has decided in time')),
        'reject',
      ),
    })
    .check(about('Makes the node a gate: it runs nothing, and waits for a person')),
});

const budget = z
  .strictObject({
    limit: z.number().check(z.positive(), about('Once more is spent, nothing more is started')),
    currency: z._default(text('By its code of three letters'), 'USD'),
    perCpuSecond: z.number().check(z.nonnegative(), about('What a CPU second of any task costs')),
  })
  .check(about('What a run may cost; without one nothing is counted'));

export const pipelineSchema = z.strictObject({
  $schema: z.optional(text('For editors: where the schema of this file is')),
  title: text('What people read'),
  budget: z.optional(budget),
  parallel: z._default(z.int().check(z.positive(), about('How many tasks run at the same time')), 2),
  nodes: z.array(z.union([task, gate])).check(z.minLength(1), about('Its tasks and gates')),
});

export type Budget = z.infer<typeof budget>;
export type Task = z.infer<typeof task>;
export type Gate = z.infer<typeof gate>;
export type PipelineNode = Task | Gate;
export type Pipeline = z.infer<typeof pipelineSchema> & { readonly name: string };

export function isGate(node: PipelineNode): node is Gate {
  return 'gate' in node;
}

/** @throws Error with a line for each fault, in the order of the file: its line and column, and what is wrong there. */
export async function loadPipeline(path: string, name: string): Promise<Pipeline> {
  const at = ({ line, column }: Place) => `${path}:${line}:${column}`;
  let document: JsonDocument;
  try {
    document = new JsonDocument(await readFile(path, 'utf8'));
  } catch (error) {
    const where = error instanceof JsonProblem ? at(error.place) : path;
    throw new Error(`${where}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  const placeOf = ({ path, isAboutName }: Fault) =>
    isAboutName ? document.placeOfName(path) : document.placeOf(path);
  return pipelineOf(document.value, name, (faults) =>
    faults
      .map((fault) => ({ place: placeOf(fault), said: saidOf(fault) }))
      .sort((a, b) => a.place.line - b.place.line || a.place.column - b.place.column)
      .map(({ place, said }) => `${at(place)}: ${said}`),
  );
}

/** @throws Error with a line for each fault. */
export function parsePipeline(json: unknown, where: string, name: string): Pipeline {
  return pipelineOf(json, name, (faults) => faults.map((fault) => `${where}: ${saidOf(fault)}`));
}

function pipelineOf(json: unknown, name: string, tell: (faults: readonly Fault[]) => string[]): Pipeline {
  const result = z.safeParse(pipelineSchema, json);
  const ofSchema = result.success ? [] : schemaFaults(result.error.issues, json);
  const faults = [...ofSchema, ...findGraphFaults(nodesToRead(json))];
  if (result.success && faults.length === 0) return { ...result.data, name };
  throw new Error(tell(faults).join('\n'));
}
