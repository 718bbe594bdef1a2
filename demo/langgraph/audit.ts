/** "Audit a checkout" as a graph of LangGraph's: the same programs as in the pipeline of that name, and functions between them. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Annotation, END, type LangGraphRunnableConfig, START, StateGraph } from '@langchain/langgraph';
import type { GraphSource } from './graphs.ts';
import { accounts, ask, folderOf, print, program } from './node-tools.ts';

const SCRIPTS = join(import.meta.dirname, '../pipelines/scripts');
const PARTS = ['licences', 'duplicates', 'source'] as const;

const State = Annotation.Root({
  accounts,
  /** What a person is to decide on. */
  findings: Annotation<string>,
  verdict: Annotation<'approve' | 'reject'>,
});

/** @param target the checkout. */
export function audit(target: string): GraphSource {
  const survey = (part: (typeof PARTS)[number]) => async (_: unknown, config: LangGraphRunnableConfig) => ({
    accounts: [await program(config, [process.execPath, join(SCRIPTS, `${part}.ts`)], { TARGET: target })],
  });

  async function sumUp(_: unknown, config: LangGraphRunnableConfig) {
    const parts = await Promise.all(
      PARTS.map(async (part) => JSON.parse(await readFile(join(folderOf(config), `${part}.json`), 'utf8'))),
    );
    const lines = parts.map(({ title, gist }: { title: string; gist: string[] }) =>
      [title, ...gist].join('\n- '),
    );
    print(config, `summed up ${parts.length} parts`);
    return { findings: `Findings in ${basename(target)}\n\n${lines.join('\n\n')}` };
  }

  function approval({ findings }: typeof State.State) {
    const { verdict } = ask({
      title: 'Write the report with these findings?',
      show: [
        { label: 'Findings', text: findings },
        { label: 'If approved', text: "report.md is written into the run's folder." },
        { label: 'If rejected', text: 'What was found is thrown away.' },
      ],
    });
    return { verdict };
  }

  async function report({ findings }: typeof State.State, config: LangGraphRunnableConfig) {
    const file = join(folderOf(config), 'report.md');
    await writeFile(file, `# ${findings}\n`);
    print(config, `wrote ${file}`);
    return { accounts: [{ cost: 0.002, cpuSeconds: 0, memoryBytes: 0 }] };
  }

  async function discard(_: unknown, config: LangGraphRunnableConfig) {
    for (const part of PARTS) await rm(join(folderOf(config), `${part}.json`), { force: true });
    return {};
  }

  return {
    name: 'audit-graph',
    title: 'Audit a checkout, by LangGraph',
    budget: { limit: 0.05, currency: 'USD' },
    graph: new StateGraph(State)
      .addNode('licences', survey('licences'), { metadata: { title: 'Licences of the dependencies' } })
      .addNode('duplicates', survey('duplicates'), { metadata: { title: 'Packages in several versions' } })
      .addNode('source', survey('source'), { metadata: { title: 'Source by language' } })
      .addNode('sum-up', sumUp, { metadata: { title: 'Sum up' } })
      .addNode('approval', approval, { metadata: { title: 'Approval', kind: 'gate' } })
      .addNode('report', report, { metadata: { title: 'Write the report' } })
      .addNode('discard', discard, { metadata: { title: 'Throw it away' } })
      .addEdge(START, 'licences')
      .addEdge(START, 'duplicates')
      .addEdge(START, 'source')
      .addEdge([...PARTS], 'sum-up')
      .addEdge('sum-up', 'approval')
      .addConditionalEdges('approval', ({ verdict }) => (verdict === 'approve' ? 'report' : 'discard'), [
        'report',
        'discard',
      ])
      .addEdge('report', END)
      .addEdge('discard', END),
  };
}
