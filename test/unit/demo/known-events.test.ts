import { createTestbed } from 'trunkline/testing';
import { expect, onTestFinished, test } from 'vitest';
import { knownEvents } from '../../../demo/console/export/known-events.ts';
import { protocol, runTopic } from '../../../demo/engine/protocol.ts';

test('what is exported of a run is all that its topic has, once, and nothing of another run', async () => {
  const bed = createTestbed(protocol, {
    authenticate: (token) => token ?? null,
    commands: { human_decision: ({ verdict }) => ({ verdict }), start_run: () => ({ runId: 'r' }) },
  });
  onTestFinished(() => bed.close());
  const tab = bed.openTab({ identity: 'Ada', token: () => 'Ada' });
  const log = (line: string) => ({ type: 'log', nodeId: 'a', stream: 'out', line }) as const;
  await bed.server.emit(runTopic('r'), log('one'));
  await bed.server.emit(runTopic('other'), log('of another'));
  await bed.server.emit(runTopic('r'), log('two'));
  const lines = async () =>
    (await knownEvents(tab.client, 'r')).map((event) => (event.type === 'log' ? event.line : event.type));
  expect(await lines()).toEqual(['one', 'two']);
  await bed.server.emit(runTopic('r'), log('three'));
  await bed.settle();
  expect(await lines()).toEqual(['one', 'two', 'three']);
});
