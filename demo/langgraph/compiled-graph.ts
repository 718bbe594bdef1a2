import type { StateSnapshot } from '@langchain/langgraph';

/** As much of LangGraph's own as is used, whatever the graph's state is. */
export interface CompiledGraph {
  getGraphAsync(): Promise<Drawing>;
  getState(thread: Thread): Promise<StateSnapshot>;
  getStateHistory(thread: Thread): AsyncIterable<StateSnapshot>;
  stream(
    input: unknown,
    options: Thread & {
      readonly signal: AbortSignal;
      readonly streamMode: ('tasks' | 'custom')[];
      readonly durability: 'sync';
    },
  ): Promise<AsyncIterable<unknown>>;
}
export interface Thread {
  readonly configurable: { readonly thread_id: string; readonly folder: string };
}
/** Its nodes, and which follows which. */
export interface Drawing {
  readonly nodes: Readonly<
    Record<string, { readonly id: string; readonly metadata?: Record<string, unknown> }>
  >;
  readonly edges: readonly { readonly source: string; readonly target: string }[];
}
