/** The demo on a log that its servers share. */
import { expect, it, onTestFinished } from 'vitest';
import { runTopic } from '../../demo/engine/protocol.ts';
import { LONG } from '../unit/demo/support/long.ts';
import { operate, serve, temporaryFolder } from '../unit/demo/support/workshop.ts';
import { PostgresServer, USER } from './postgres.ts';

it('shows a run on every server of its log, lets only its own go on with it, and goes on itself after a restart', async () => {
  const database = await PostgresServer.start();
  process.env['TRUNKLINE_LOG_PASSWORD'] = database.password;
  onTestFinished(async () => {
    delete process.env['TRUNKLINE_LOG_PASSWORD'];
    await database.stop();
  });
  const log = `postgres://${USER}@127.0.0.1:${database.port}/postgres`;
  const dataFolder = temporaryFolder();
  const one = await serve([LONG], { log, dataFolder });
  const ada = await operate(one, 'Ada');
  const runId = await ada.start('long');
  const { gateId } = await ada.until('human_gate_waiting');

  const other = await serve([LONG], { log, dataFolder });
  const bob = await operate(other, 'Bob');
  bob.watch(runTopic(runId));
  await bob.until('human_gate_waiting');
  const decision = { type: 'human_decision', runId, gateId, verdict: 'approve' } as const;
  expect(await bob.send(decision)).toMatchObject({
    message: expect.stringContaining('belongs to another server of this log'),
  });
  // Nothing of it was ended by the server that came later.
  expect(bob.events('run_state').filter(({ state }) => state !== 'running')).toEqual([]);

  await one.restart('hard');
  const again = await operate(one, 'Ada');
  expect(await again.send(decision)).toMatchObject({ type: 'command_ack' });
  await bob.until('human_gate_resolved');
});
