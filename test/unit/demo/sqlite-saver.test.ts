import { join } from 'node:path';
import { type BaseCheckpointSaver, emptyCheckpoint, MemorySaver } from '@langchain/langgraph-checkpoint';
import { expect, onTestFinished, test } from 'vitest';
import { SqliteSaver } from '../../../demo/langgraph/sqlite-saver.ts';
import { temporaryFolder } from './support/workshop.ts';

type Config = Parameters<BaseCheckpointSaver['getTuple']>[0];
const at = (thread_id: string, checkpoint_id?: string, checkpoint_ns = ''): Config => ({
  configurable: { thread_id, checkpoint_ns, ...(checkpoint_id === undefined ? {} : { checkpoint_id }) },
});
const checkpoint = (id: string) => ({
  ...emptyCheckpoint(),
  id,
  ts: id,
  channel_values: { id, bytes: new Uint8Array([1]) },
});
const metadata = (step: number) => ({ source: 'loop' as const, step, parents: {} });

/** The same is done to each, and all that can be read of it is answered. */
async function played(saver: BaseCheckpointSaver): Promise<unknown[]> {
  const second = await saver.put(
    await saver.put(at('t'), checkpoint('1'), metadata(0), {}),
    checkpoint('2'),
    metadata(1),
    {},
  );
  await saver.put(at('t', undefined, 'inner'), checkpoint('3'), metadata(0), {});
  await saver.put(at('other'), checkpoint('4'), metadata(0), {});
  await saver.putWrites(
    second,
    [
      ['a', 1],
      ['b', { two: [2] }],
    ],
    'task 2',
    '~2',
  );
  await saver.putWrites(second, [['a', 'a result stays as it was']], 'task 2', '~2');
  await saver.putWrites(second, [['__interrupt__', 'before']], 'task 1', '~1');
  await saver.putWrites(second, [['__interrupt__', 'after']], 'task 1', '~1');
  await saver.putWrites(second, [['__resume__', ['yes']]], 'task 1', '~1');
  await saver.putWrites(second, [['__error__', { message: 'no' }]], 'task 0');
  const listed = async (config: Config, options: object = {}) =>
    await Array.fromAsync(saver.list(config, options));
  const read = [
    await saver.getTuple(at('t')),
    await saver.getTuple(at('t', '1')),
    await saver.getTuple(at('t', undefined, 'inner')),
    await saver.getTuple(at('t', 'unknown')),
    await saver.getTuple(at('unknown')),
    await listed(at('t')),
    await listed(at('t'), { limit: 1 }),
    await listed(at('t'), { before: at('t', '2') }),
    await listed(at('t'), { filter: { step: 1 } }),
    await listed(at('t'), { filter: { step: 7 } }),
  ];
  await saver.deleteThread('t');
  return [...read, await saver.getTuple(at('t')), await listed(at('t')), await saver.getTuple(at('other'))];
}

test("the saver keeps what LangGraph's own in memory keeps, also for the next one to open the file", async () => {
  const file = join(temporaryFolder(), 'checkpoints.sqlite');
  const saver = new SqliteSaver(file);
  const expected = await played(new MemorySaver());
  expect(await played(saver)).toEqual(expected);
  saver.close();
  const next = new SqliteSaver(file);
  onTestFinished(() => next.close());
  expect(await next.getTuple(at('other'))).toEqual(expected.at(-1));
});

test('what names no thread is refused', async () => {
  const saver = new SqliteSaver(join(temporaryFolder(), 'checkpoints.sqlite'));
  onTestFinished(() => saver.close());
  await expect(saver.put({ configurable: {} }, checkpoint('1'), metadata(0))).rejects.toThrow('thread_id');
});
