/** Graphs of tests: their nodes write what they do into a file of the run's folder, a line each. */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Annotation, type LangGraphRunnableConfig, START, StateGraph } from '@langchain/langgraph';
import type { GraphSource } from '../../../../demo/langgraph/graphs.ts';
import { type Account, accounts, ask, folderOf, print } from '../../../../demo/langgraph/node-tools.ts';

const State = Annotation.Root({
  accounts,
  verdicts: Annotation<string[]>({ reducer: (a, b) => [...a, ...b], default: () => [] }),
});
type Update = typeof State.Update;
export type NodeFunction = (
  state: typeof State.State,
  config: LangGraphRunnableConfig,
) => Promise<Update> | Update;

const FILE = 'done.txt';

export function does(what: string, cost = 0): NodeFunction {
  return (_, config) => {
    note(config, what);
    print(config, `${what} is done`);
    return { accounts: [accountOf(cost)] };
  };
}

export function accountOf(cost: number): Account {
  return { cost, cpuSeconds: 0, memoryBytes: 0 };
}

export function note(config: LangGraphRunnableConfig, what: string): void {
  appendFileSync(join(folderOf(config), FILE), `${what}\n`);
}

export function noted(dataFolder: string, runId: string): string[] {
  const file = join(dataFolder, 'runs', runId, FILE);
  return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
}

/** Waits for a file of the run's folder, and ends with the run. */
export async function fileThere(config: LangGraphRunnableConfig, name: string): Promise<void> {
  while (!isThere(config, name)) await sleep(20, null, config.signal ? { signal: config.signal } : {});
}

/** Its nodes one after the other, or beside each other where they share a place. */
export function rowOf(
  name: string,
  places: readonly Readonly<Record<string, NodeFunction>>[],
  { gates = [], ...rest }: Partial<Pick<GraphSource, 'budget'>> & { gates?: readonly string[] } = {},
): GraphSource {
  const graph = new StateGraph(State) as StateGraph<typeof State, typeof State.State, Update, string>;
  let before: string[] = [];
  for (const place of places) {
    for (const [id, run] of Object.entries(place)) {
      graph.addNode(id, run, { metadata: gates.includes(id) ? { kind: 'gate' } : {} });
      if (before.length === 0) graph.addEdge(START, id);
      else graph.addEdge(before, id);
    }
    before = Object.keys(place);
  }
  return { name, title: name, graph, ...rest };
}

/** What a killable server runs. */
export const KILLABLE = ['dies in its gate', 'dies after its gate', 'is busy beside its gate'] as const;
export function killable(which: string): GraphSource {
  const diesOnce = (config: LangGraphRunnableConfig, where: (typeof KILLABLE)[number]) => {
    if (which !== where || isThere(config, 'died')) return;
    writeFileSync(join(folderOf(config), 'died'), '');
    process.kill(process.pid, 'SIGKILL');
  };
  const gate: NodeFunction = (_, config) => {
    note(config, 'asks');
    const { verdict, by } = ask({ title: 'Well?', timeLimitSeconds: 86_400 });
    diesOnce(config, 'dies in its gate');
    return { verdicts: [`${verdict} by ${by}`], accounts: [accountOf(0.25)] };
  };
  const busy: NodeFunction = async (_, config) => {
    if (which === 'is busy beside its gate') await fileThere(config, 'go');
    return {};
  };
  const last: NodeFunction = ({ verdicts }, config) => {
    diesOnce(config, 'dies after its gate');
    note(config, verdicts.join());
    return {};
  };
  const options = { gates: ['gate'], budget: { limit: 1, currency: 'USD' } };
  return rowOf('killable', [{ first: does('first', 0.5) }, { gate, busy }, { last }], options);
}

function isThere(config: LangGraphRunnableConfig, name: string): boolean {
  return existsSync(join(folderOf(config), name));
}
