import { readFile } from 'node:fs/promises';
import * as z from 'zod/mini';
import { ANYBODY } from './protocol.ts';

// zod/mini brings no words of its own for what is wrong.
z.config(z.locales.en());

const id = z.string().check(z.regex(/^[\w.-]{1,64}$/, 'letters, digits, ., - and _, at most 64'));
const node = {
  id,
  title: z.optional(z.string()),
  after: z._default(z.array(id), []),
};

const task = z.strictObject({
  ...node,
  /**
   * The program and its arguments. In them, `$WORK` is the run's own folder (also where it runs), `$TARGET` what the
   * pipeline works on, `$HERE` the folder of the pipeline file, `$NODE` the Node that runs the engine. The program finds
   * the first three in its environment as well.
   */
  run: z.array(z.string()).check(z.minLength(1)),
  timeoutSeconds: z._default(z.number().check(z.positive(), z.maximum(24 * 60 * 60)), 60),
  /** How often it is tried again after a failure. */
  retries: z._default(z.int().check(z.nonnegative()), 0),
  retryAfterSeconds: z._default(z.number().check(z.nonnegative(), z.maximum(60 * 60)), 1),
  /** It can be begun anew without harm: a restart of the server that broke it off does so by itself. */
  repeatable: z._default(z.boolean(), false),
  /** On top of its CPU seconds. */
  cost: z._default(z.number().check(z.nonnegative()), 0),
});

const gate = z.strictObject({
  ...node,
  gate: z.strictObject({
    title: z.string(),
    /** Each a label, and a text or the name of a file in the run's folder. */
    show: z._default(
      z.array(
        z.union([
          z.strictObject({ label: z.string(), text: z.string() }),
          z.strictObject({
            label: z.string(),
            file: z.string().check(z.regex(/^[\w-][\w.-]*$/, "a file's name, without a folder")),
          }),
        ]),
      ),
      [],
    ),
    /** The name of an operator. */
    decidedBy: z._default(z.string(), ANYBODY),
    timeLimitSeconds: z._default(z.number().check(z.positive(), z.maximum(7 * 24 * 60 * 60)), 300),
    onExpiry: z._default(z.enum(['approve', 'reject']), 'reject'),
  }),
});

const schema = z.strictObject({
  title: z.string(),
  budget: z.strictObject({
    limit: z.number().check(z.positive()),
    currency: z._default(z.string(), 'USD'),
    perCpuSecond: z.number().check(z.nonnegative()),
  }),
  /** Tasks that run at the same time. */
  parallel: z._default(z.int().check(z.positive()), 2),
  nodes: z.array(z.union([task, gate])).check(z.minLength(1)),
});

export type Task = z.infer<typeof task>;
export type Gate = z.infer<typeof gate>;
export type PipelineNode = Task | Gate;
export type Pipeline = z.infer<typeof schema> & { readonly name: string };

export function isGate(node: PipelineNode): node is Gate {
  return 'gate' in node;
}

/** @throws Error that names the file and the place in it. */
export async function loadPipeline(path: string, name: string): Promise<Pipeline> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new Error(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
  return parsePipeline(json, path, name);
}

/** @throws Error that names the place. */
export function parsePipeline(json: unknown, where: string, name: string): Pipeline {
  const result = z.safeParse(schema, json);
  if (!result.success)
    throw new Error(
      `${where} is no pipeline:\n${result.error.issues.flatMap((issue) => explain(issue)).join('\n')}`,
    );
  const problems = findGraphProblems(result.data.nodes);
  if (problems.length > 0) throw new Error(`${where} is no pipeline:\n${problems.join('\n')}`);
  return { ...result.data, name };
}

/** `nodes[2].timeoutSeconds: …`; of a union, the member that came closest. */
function explain(issue: z.core.$ZodIssue, at: readonly PropertyKey[] = []): string[] {
  const path = [...at, ...issue.path];
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const [closest] = [...issue.errors].sort((a, b) => a.length - b.length);
    return (closest ?? []).flatMap((inner) => explain(inner, path));
  }
  const place = path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');
  const what = issue.code === 'unrecognized_keys' ? `unknown field ${issue.keys.join(', ')}` : issue.message;
  return [`  ${place || 'the file'}: ${what}`];
}

/** What is wrong with the nodes as a graph, each with its place; nothing where they can run. */
export function findGraphProblems(nodes: readonly Pick<PipelineNode, 'id' | 'after'>[]): string[] {
  const problems: string[] = [];
  const known = new Set<string>();
  for (const [index, { id }] of nodes.entries()) {
    if (known.has(id)) problems.push(`  nodes[${index}].id: "${id}" is there twice`);
    known.add(id);
  }
  for (const [index, { after }] of nodes.entries()) {
    for (const [place, name] of after.entries()) {
      if (!known.has(name)) problems.push(`  nodes[${index}].after[${place}]: there is no node "${name}"`);
    }
  }
  if (problems.length > 0) return problems;
  const cycle = findCycle(nodes);
  return cycle ? [`  nodes: ${cycle.join(' → ')} wait for each other`] : [];
}

function findCycle(nodes: readonly Pick<PipelineNode, 'id' | 'after'>[]): string[] | null {
  const waiting = new Map(nodes.map(({ id, after }) => [id, new Set(after)]));
  const dependants = new Map<string, string[]>(nodes.map(({ id }) => [id, []]));
  for (const [id, after] of waiting) for (const name of after) dependants.get(name)?.push(id);
  const free = nodes.filter(({ after }) => after.length === 0).map(({ id }) => id);
  for (let id = free.pop(); id !== undefined; id = free.pop()) {
    waiting.delete(id);
    for (const dependant of dependants.get(id) ?? []) {
      const after = waiting.get(dependant);
      after?.delete(id);
      if (after?.size === 0) free.push(dependant);
    }
  }
  const [start] = waiting.keys();
  if (start === undefined) return null;
  // Whatever is left waits for something that is left: following it ends in a circle.
  const path = [start];
  for (;;) {
    const [next] = waiting.get(path.at(-1) ?? start) ?? [];
    if (next === undefined) return path;
    if (path.includes(next)) return [...path.slice(path.indexOf(next)), next];
    path.push(next);
  }
}
