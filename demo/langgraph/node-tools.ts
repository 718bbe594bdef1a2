/** What the functions of a graph have at hand: to ask a person, to print, to run a program, to account for what they cost. */
import { Annotation, interrupt, type LangGraphRunnableConfig } from '@langchain/langgraph';
import * as z from 'zod/mini';
import { runChild } from '../engine/child.ts';
import { markOf } from '../engine/execute.ts';
import { limitLines } from '../engine/lines.ts';
import { ANYBODY, type LogStream, logStream } from '../engine/protocol.ts';
import { rounded } from '../engine/rounded.ts';

/** Of a second of one core, in the budget's currency. */
const PER_CPU_SECOND = 0.001;
const TIMEOUT_MS = 120_000;

export const question = z.object({
  title: z.string(),
  /** What to decide on. */
  show: z._default(z.array(z.object({ label: z.string(), text: z.string() })), []),
  /** The name of an operator. */
  decidedBy: z._default(z.string(), ANYBODY),
  timeLimitSeconds: z._default(z.number(), 300),
  /** What counts where nobody has decided in time. */
  onExpiry: z._default(z.enum(['approve', 'reject']), 'reject'),
});
/** What a node has interrupted itself with: a question, or whatever a graph of others asks. */
export function questionOf(value: unknown): z.infer<typeof question> {
  const asked = z.safeParse(question, value);
  if (asked.success) return asked.data;
  return z.parse(question, {
    title: 'Go on?',
    show: [{ label: 'Asked', text: JSON.stringify(value) ?? '' }],
  });
}

export interface Answer {
  readonly verdict: 'approve' | 'reject';
  /** Who decided; `null` where nobody did in time. */
  readonly by: string | null;
  readonly comment: string;
}

/**
 * Asks a person, and answers once somebody has decided: days later perhaps, in another process. LangGraph runs the node
 * again from its beginning then, so that whatever stands before this call must do no harm a second time.
 */
export function ask(asked: z.input<typeof question>): Answer {
  return interrupt<z.input<typeof question>, Answer>(asked);
}

export const account = z.object({ cost: z.number(), cpuSeconds: z.number(), memoryBytes: z.number() });
export type Account = z.infer<typeof account>;

export function sum(accounts: readonly Account[]): Account {
  return {
    cost: rounded(accounts.reduce((sum, { cost }) => sum + cost, 0)),
    cpuSeconds: rounded(accounts.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0)),
    memoryBytes: Math.max(0, ...accounts.map(({ memoryBytes }) => memoryBytes)),
  };
}

/** The channel `accounts` of a graph's state: each node adds its own. It is kept with the checkpoints, and so never counted twice. */
export const accounts = Annotation<Account[]>({
  reducer: (before, more) => [...before, ...more],
  default: () => [],
});

export const printed = z.object({ nodeId: z.string(), stream: logStream, line: z.string() });

/** A line of the node's log. */
export function print(config: LangGraphRunnableConfig, line: string, stream: LogStream = 'out'): void {
  config.writer?.({ nodeId: config.metadata?.['langgraph_node'], stream, line });
}

const place = z.object({ thread_id: z.string(), folder: z.string() });
/** The run's own folder. */
export function folderOf({ configurable }: LangGraphRunnableConfig): string {
  return z.parse(place, configurable).folder;
}

/** Runs a child process in the run's folder. @throws Error where it fails, or the run is ended. */
export async function program(
  config: LangGraphRunnableConfig,
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Account> {
  const { thread_id: runId, folder } = z.parse(place, config.configurable);
  const lines = limitLines((stream, line) => print(config, line, stream));
  const { ok, message, cpuSeconds, memoryBytes } = await runChild(command, {
    mark: markOf(runId),
    cwd: folder,
    env: { WORK: folder, ...env },
    timeoutMs: TIMEOUT_MS,
    signal: config.signal ?? new AbortController().signal,
    onLine: lines.take,
  });
  lines.end();
  if (!ok) throw new Error(message);
  return { cost: cpuSeconds * PER_CPU_SECOND, cpuSeconds, memoryBytes };
}
