/** What is wrong with a pipeline: all of it at once, each with its place. */
import * as z from 'zod/mini';

export interface Fault {
  readonly path: readonly PropertyKey[];
  /** For people. */
  readonly sentence: string;
  /** It is about the name at the end of the path, and not about what is called so. */
  readonly isAboutName?: true;
}

/** `nodes[2].timeoutSeconds: it has to be there` */
export function saidOf({ path, sentence }: Fault): string {
  const name = path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');
  return name === '' ? sentence : `${name}: ${sentence}`;
}

export function schemaFaults(issues: readonly z.core.$ZodIssue[], json: unknown): Fault[] {
  return issues.flatMap((issue) => faultsOf(issue, json, []));
}

function faultsOf(issue: z.core.$ZodIssue, json: unknown, at: readonly PropertyKey[]): Fault[] {
  const path = [...at, ...issue.path];
  if (issue.code === 'invalid_union') {
    return closest(issue.errors).flatMap((inner) => faultsOf(inner, json, path));
  }
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: [...path, key],
      sentence: 'there is no such field',
      isAboutName: true,
    }));
  }
  const isMissing = path.length > 0 && valueAt(json, path) === undefined;
  return [{ path, sentence: isMissing ? 'it has to be there' : issue.message }];
}

type Issues = readonly z.core.$ZodIssue[];

/** The member of a union that is meant: the one that knows the fields that are there. */
function closest(errors: readonly Issues[]): Issues {
  const unknown = (issues: Issues) =>
    issues.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 0), 0);
  const [first = []] = [...errors].sort((a, b) => unknown(a) - unknown(b) || a.length - b.length);
  return first;
}

function valueAt(json: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, step) => (typeof value === 'object' && value !== null ? Reflect.get(value, step) : undefined),
    json,
  );
}

/** As much of a node as its place in the graph needs. */
export interface GraphNode {
  readonly id: string;
  readonly after: readonly string[];
}

const outline = z.object({
  nodes: z.array(z.object({ id: z.string(), after: z._default(z.array(z.string()), []) })),
});

/** The nodes of a file, whatever else is wrong with it; none where not all of them can be told apart. */
export function nodesToRead(json: unknown): readonly GraphNode[] {
  const result = z.safeParse(outline, json);
  return result.success ? result.data.nodes : [];
}

/** What is wrong with the nodes as a graph; nothing where they can run. */
export function findGraphFaults(nodes: readonly GraphNode[]): Fault[] {
  const faults: Fault[] = [];
  const known = new Set<string>();
  for (const [index, { id }] of nodes.entries()) {
    if (known.has(id)) faults.push({ path: ['nodes', index, 'id'], sentence: `"${id}" is there twice` });
    known.add(id);
  }
  for (const [index, { after }] of nodes.entries()) {
    for (const [place, name] of after.entries()) {
      if (known.has(name)) continue;
      faults.push({ path: ['nodes', index, 'after', place], sentence: `there is no node "${name}"` });
    }
  }
  if (faults.length > 0) return faults;
  const cycle = findCycle(nodes);
  return cycle ? [{ path: ['nodes'], sentence: `${cycle.join(' → ')} wait for each other` }] : [];
}

function findCycle(nodes: readonly GraphNode[]): string[] | null {
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
