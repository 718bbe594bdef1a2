/** Graphs of LangGraph's, as what runs behind the console. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { BaseCheckpointSaver } from '@langchain/langgraph';
import type { Plan, PlannedNode } from '../engine/opening.ts';
import type { RunKind } from '../engine/run-kind.ts';
import type { CompiledGraph, Drawing } from './compiled-graph.ts';
import { GraphRun } from './run.ts';
import { SqliteSaver } from './sqlite-saver.ts';

export interface GraphSource extends Omit<Plan, 'nodes'> {
  /** What `StateGraph` has made of it. A node's `metadata` may say its `title`, and `kind: 'gate'` of one that asks. */
  readonly graph: { compile(options: { checkpointer: BaseCheckpointSaver }): CompiledGraph };
}

interface Source {
  readonly pipeline: Plan;
  readonly graph: CompiledGraph;
}

/** @param folder of all runs; their checkpoints are in a file there. */
export async function graphs(sources: readonly GraphSource[], folder: string): Promise<RunKind<Source>> {
  const checkpointer = new SqliteSaver(join(folder, 'langgraph.sqlite'));
  const compiled = await Promise.all(
    sources.map(async ({ graph: builder, ...plan }): Promise<Source> => {
      const graph = builder.compile({ checkpointer });
      return { graph, pipeline: { ...plan, nodes: nodesOf(await graph.getGraphAsync()) } };
    }),
  );
  return {
    sources: compiled,
    async save(folder) {
      await mkdir(folder, { recursive: true });
    },
    async load(_, name) {
      const source = compiled.find(({ pipeline }) => pipeline.name === name);
      if (!source) throw new Error(`this server has no graph "${name}"`);
      return source;
    },
    replayOf: () => undefined,
    make: ({ graph }, opening, services, history) => new GraphRun(graph, opening, services, history),
    close: () => checkpointer.close(),
  };
}

/** Without the two that only stand for the beginning and the end. */
function nodesOf({ nodes, edges }: Drawing): PlannedNode[] {
  const drawn = Object.values(nodes).filter(({ id }) => !id.startsWith('__'));
  return drawn.map(({ id, metadata = {} }) => ({
    id,
    title: typeof metadata['title'] === 'string' ? metadata['title'] : id,
    after: edges
      .filter(({ source, target }) => target === id && !source.startsWith('__'))
      .map(({ source }) => source),
    ...(metadata['kind'] === 'gate' ? { gate: true } : {}),
  }));
}
