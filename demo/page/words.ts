import type { CommandInput, Connection, OutboxEntry, Outcome, TopicStatus } from 'trunkline';
import type { DemoProtocol } from '../protocol.ts';

type ClosedReason = Extract<Connection, { state: 'closed' }>['reason'];

const REASONS: Record<ClosedReason, string> = {
  idle: 'nobody needs it',
  network: 'the line was lost',
  timeout: 'the server did not answer in time',
  heartbeat: 'the line went silent',
  server: 'the server ended it',
  unauthorized: 'the server refused the token',
  identity_mismatch: 'the server takes this browser for somebody else',
  signed_out: 'signed out',
  superseded: 'a newer connection took over',
  hub_lost: 'the hub was lost, a new one is being started',
  hub_unavailable: 'the hub cannot be started: reload to continue',
};

export function sayConnection(connection: Connection): string {
  switch (connection.state) {
    case 'connecting':
      return 'connecting …';
    case 'open':
      return `open since ${clock(connection.since)}`;
    case 'closing':
      return 'closing …';
    case 'closed':
      return `closed: ${REASONS[connection.reason]}`;
  }
}

export function sayTopic(status: TopicStatus): string {
  switch (status.state) {
    case 'idle':
      return 'idle';
    case 'syncing':
      return 'syncing …';
    case 'live':
    case 'stale':
      return `${status.state} · offset ${status.offset}`;
    case 'refused':
      return `refused: ${status.message}`;
  }
}

export function sayCommand(command: CommandInput<DemoProtocol>): string {
  return command.type === 'human_decision'
    ? `${command.verdict === 'approve' ? 'Approve' : 'Reject'} gate ${command.gate}`
    : `Note “${command.text}”`;
}

/** A quarantined command is of another version: only its type is sure. */
export function sayEntry(entry: OutboxEntry<DemoProtocol>): string {
  return entry.state === 'quarantined' ? entry.command.type : sayCommand(entry.command);
}

export function sayOutcome(outcome: Outcome): string {
  switch (outcome.status) {
    case 'accepted':
      return outcome.duplicate ? 'accepted (it had arrived before)' : 'accepted';
    case 'rejected':
      return `rejected (${outcome.message})`;
    default:
      return outcome.status;
  }
}

export const clock = (timeMs: number) => new Date(timeMs).toLocaleTimeString();
