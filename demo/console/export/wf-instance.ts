/** A run as an instance of WfCommons' WfFormat 1.5 (https://github.com/wfcommons/WfFormat), which can be replayed. */
import type { RunFile } from './run-file.ts';

type Node = RunFile['nodes'][number];
interface Executed {
  readonly id: string;
  readonly node: Node;
  readonly seconds: number;
  readonly standing: NonNullable<Node['standing']>;
}

/** What it refers to its tasks by. */
const ALLOWED = /[^\w.-]/g;
/** By itself, or by a person. */
const ENDED: ReadonlySet<string> = new Set(['succeeded', 'failed', 'rejected']);

/**
 * The nodes that have succeeded, failed or were rejected; of each its newest attempt. A gate is a task that took as long as it waited.
 *
 * @returns `null` where there is none yet.
 */
export function wfInstanceOf({ run, nodes, parallel, exportedAt }: RunFile): object | null {
  const ids = wfIds(nodes);
  const executed = nodes.flatMap((node) => executionOf(node, ids.get(node.nodeId) ?? ''));
  if (executed.length === 0) return null;
  const known = new Map(executed.map(({ id, node }) => [node.nodeId, id]));
  const parentsOf = ({ after }: Node) => [...new Set(after)].flatMap((name) => known.get(name) ?? []);
  const children = new Map<string, string[]>(executed.map(({ id }) => [id, []]));
  for (const { id, node } of executed) for (const parent of parentsOf(node)) children.get(parent)?.push(id);
  const endedAt = Math.max(...executed.map(({ standing }) => standing.finishedAt ?? run.startedAt));
  const speed = run.replay?.speed ?? 1;
  const leftOut = nodes.length - executed.length;
  return {
    name: run.title,
    ...(leftOut > 0 && {
      description: `${leftOut} of ${nodes.length} nodes have not run, and are left out.`,
    }),
    createdAt: new Date(exportedAt).toISOString(),
    schemaVersion: '1.5',
    runtimeSystem: { name: 'trunkline console', version: '1' },
    workflow: {
      specification: {
        tasks: executed.map(({ id, node }) => ({
          name: node.title || id,
          id,
          parents: parentsOf(node),
          children: children.get(id) ?? [],
        })),
      },
      execution: {
        makespanInSeconds: ((endedAt - run.startedAt) / 1_000) * speed,
        executedAt: new Date(run.startedAt).toISOString(),
        tasks: executed.map(measured),
        // One that has as many cores: so many tasks ran at the same time.
        ...(parallel !== null && { machines: [{ nodeName: 'console', cpu: { coreCount: parallel } }] }),
      },
    },
  };
}

function executionOf(node: Node, id: string): Executed[] {
  const { standing } = node;
  if (!standing || !ENDED.has(standing.state)) return [];
  const { startedAt, finishedAt, metrics } = standing;
  const ms = metrics?.durationMs ?? (startedAt !== null && finishedAt !== null ? finishedAt - startedAt : 0);
  return [{ id, node, standing, seconds: ms / 1_000 }];
}

function measured({ id, node, seconds, standing }: Executed): object {
  const { metrics, startedAt } = standing;
  return {
    id,
    ...(startedAt !== null && { executedAt: new Date(startedAt).toISOString() }),
    runtimeInSeconds: seconds,
    ...(metrics && seconds > 0 && { avgCPU: (metrics.cpuSeconds / seconds) * 100 }),
    ...(metrics && { memoryInBytes: metrics.memoryBytes }),
    // It is told as one text, not by its arguments.
    ...(node.command && { command: { program: node.command } }),
  };
}

/** An id that the format allows for each node; where two become the same, they are counted. */
function wfIds(nodes: readonly Node[]): ReadonlyMap<string, string> {
  const taken = new Set<string>();
  const ids = new Map<string, string>();
  for (const { nodeId } of nodes) {
    const allowed = nodeId.replaceAll(ALLOWED, '_');
    let id = allowed;
    for (let count = 2; taken.has(id); count += 1) id = `${allowed}_${count}`;
    taken.add(id);
    ids.set(nodeId, id);
  }
  return ids;
}
