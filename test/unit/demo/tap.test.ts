import { memoryLog, type Transaction } from 'trunkline/server';
import { expect, test } from 'vitest';
import { tapLog } from '../../../demo/engine/tap.ts';

const started: Transaction = { events: [], command: { principal: 'ada', id: 'start', result: null } };
const told: Transaction = { events: [], command: null };

/** A log whose commits can fail, before they happen or after. */
async function tapped() {
  const log = memoryLog();
  const inner = { ...bound(log), commit: log.commit.bind(log) };
  const outcomes: string[] = [];
  const tap = tapLog(inner, (principal, id, outcome) => outcomes.push(`${principal} ${id} ${outcome}`));
  await tap.log.open({ now: 1, tailLimit: 10 });
  await tap.opened;
  return { inner, log, tap: tap.log, outcomes };
}

function bound(log: ReturnType<typeof memoryLog>) {
  return {
    open: log.open.bind(log),
    read: log.read.bind(log),
    state: log.state.bind(log),
    renew: log.renew.bind(log),
    tell: log.tell.bind(log),
    runs: log.runs.bind(log),
    recall: log.recall.bind(log),
    begin: log.begin.bind(log),
    cancel: log.cancel.bind(log),
    dedupeSince: log.dedupeSince.bind(log),
    claim: log.claim.bind(log),
    owe: log.owe.bind(log),
    owed: log.owed.bind(log),
    acknowledge: log.acknowledge.bind(log),
    prune: log.prune.bind(log),
    close: log.close.bind(log),
  };
}

test('a command is told as recorded once the log has it, also where it had it before', async () => {
  const { tap, outcomes } = await tapped();
  await tap.commit([told, started], 1);
  await tap.commit([started], 2);
  expect(outcomes).toEqual(['ada start recorded', 'ada start recorded']);
});

test('a command whose commit fails is told as failed', async () => {
  const { inner, tap, outcomes } = await tapped();
  inner.commit = async () => {
    throw new Error('the disk is full');
  };
  await expect(tap.commit([started, told], 1)).rejects.toThrow('the disk is full');
  expect(outcomes).toEqual(['ada start failed']);
});

test('a commit that happened although it failed is told as recorded', async () => {
  const { inner, log, tap, outcomes } = await tapped();
  inner.commit = async (transactions, now) => {
    await log.commit(transactions, now);
    throw new Error('the answer was lost');
  };
  await expect(tap.commit([started], 1)).rejects.toThrow('the answer was lost');
  expect(outcomes).toEqual(['ada start recorded']);
});

test('a log that does not open is told to those who wait for it', async () => {
  const log = { ...bound(memoryLog()), commit: memoryLog().commit };
  log.open = async () => {
    throw new Error('no such disk');
  };
  const tap = tapLog(log, () => {});
  await expect(tap.log.open({ now: 1, tailLimit: 1 })).rejects.toThrow('no such disk');
  await expect(tap.opened).rejects.toThrow('no such disk');
});
