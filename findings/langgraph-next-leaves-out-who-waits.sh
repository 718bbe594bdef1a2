#!/usr/bin/env bash
# What `getState()` says of a graph that waits, in @langchain/langgraph@1.7.3 from npm.
# The good guess: `next` names the nodes that are still to run, so that it is empty at the graph's end alone. The documented
# way to see whether a thread is done is to look at it.
# Seen: a node that was answered once, and waits with a second question, is not in `next`: it is empty while the graph waits.
# `tasks` has the node, with the interrupt.
# Exits non-zero where that has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true,"type":"module","dependencies":{"@langchain/langgraph":"1.7.3","@langchain/core":"^1.3.4"}}' >package.json
npm install --no-audit --no-fund --loglevel=error >/dev/null
cat >try.js <<'JS'
import { Annotation, Command, interrupt, MemorySaver, START, StateGraph } from '@langchain/langgraph';

const graph = new StateGraph(Annotation.Root({ both: Annotation() }))
  .addNode('asks', () => ({ both: [interrupt('First?'), interrupt('Second?')] }))
  .addEdge(START, 'asks')
  .compile({ checkpointer: new MemorySaver() });
const thread = { configurable: { thread_id: '1' } };
const state = async () => {
  const { next, tasks, values } = await graph.getState(thread);
  const waits = tasks.flatMap(({ interrupts }) => interrupts.map(({ value }) => value));
  console.log(JSON.stringify({ next, waits, values }));
  return { next, waits };
};
await graph.invoke({}, thread);
const first = await state();
await graph.invoke(new Command({ resume: 'yes' }), thread);
const second = await state();
await graph.invoke(new Command({ resume: 'no' }), thread);
const end = await state();
const isSo = [first, second, end].map(({ next, waits }) => `${next.length} ${waits}`).join('; ') === '1 First?; 0 Second?; 0 ';
console.log(isSo ? 'It is so: `next` is empty while a node waits.' : 'It has changed.');
process.exit(isSo ? 0 : 1);
JS
node try.js
