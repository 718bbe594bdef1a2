/** Which nodes a command runs again, or why it runs none: a sentence for the person who asked. */
import { Reject } from 'trunkline/server';
import { busy } from './busy.ts';
import type { NodeRecords } from './node-records.ts';

/** @throws Reject */
export function retried(records: NodeRecords, nodeId: string): readonly string[] {
  const ids = records.schedule.retried(nodeId);
  if (ids) return ids;
  throw new Reject(
    'not_retryable',
    `${stateOf(records, nodeId)}: only what failed, was rejected, cancelled or interrupted, and depends on nothing of that kind, can be run again.`,
  );
}

/** @throws Reject */
export function retriedFailed({ schedule }: NodeRecords): readonly string[] {
  const ids = schedule.retriedFailed;
  if (ids.length > 0) return ids;
  throw new Reject('not_retryable', 'No node of this run has failed or was interrupted.');
}

/** @throws Reject */
export function rerunFrom(records: NodeRecords, nodeId: string): readonly string[] {
  const { schedule } = records;
  if (schedule.state(nodeId) !== 'succeeded')
    throw new Reject(
      'not_rerunnable',
      `${stateOf(records, nodeId)}: a run can begin again only from a node that has succeeded.`,
    );
  const { again, inTheWay } = schedule.rerun(nodeId);
  const [first] = inTheWay;
  if (first === undefined) return again;
  if (schedule.state(first) === 'pending') throw busy(`"${records.titleOf(first)}" is about to ask.`);
  throw new Reject(
    'in_the_way',
    `${stateOf(records, first)} and depends on "${records.titleOf(nodeId)}": it has to end before that runs again.`,
  );
}

function stateOf(records: NodeRecords, nodeId: string): string {
  const state = records.schedule.state(nodeId);
  const said = state === 'waiting' ? 'waiting for a decision' : state;
  return `"${records.titleOf(nodeId)}" is ${said}`;
}
