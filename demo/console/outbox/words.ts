import type { Entry } from '../gates/gates.ts';

const STATES: Record<Entry['state'], string> = {
  queued: 'Queued',
  sent: 'Sent, not answered yet',
  waiting: 'The server asked to wait',
  withdrawing: 'Being taken back: the server is asked',
  uncertain: 'Uncertain: it may have run',
  rejected: 'Refused by the server',
  expired: 'Too late: its time was up before the server had it',
  dropped: 'Dropped: it was never sent',
  quarantined: 'This version cannot send it as it is',
};

export function sayState({ state }: Entry): string {
  return STATES[state];
}

export function sayCommand({ command }: Entry): string {
  switch (command.type) {
    case 'human_decision':
      return command.verdict === 'approve' ? 'Approve a gate' : 'Reject a gate';
    case 'start_run':
      return 'Start a run';
    case 'cancel_run':
      return 'Cancel a run';
    case 'retry_node':
      return 'Run a node again';
    case 'retry_failed':
      return 'Run failed nodes again';
    case 'rerun_from':
      return 'Run again from a node';
    default:
      return command.type;
  }
}
