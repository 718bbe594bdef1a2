import type { Circuit, ClosedReason, Connection } from 'trunkline';
import { plural } from '../ui/format.ts';

const REASONS: Record<ClosedReason, string> = {
  idle: 'Not connected',
  network: 'Connection lost',
  timeout: 'The server does not answer',
  heartbeat: 'The server went silent',
  server: 'The server ended the connection',
  unauthorized: 'The server refused your name',
  identity_mismatch: 'The server takes you for somebody else',
  signed_out: 'Signed out',
  superseded: 'A newer version is open: reload to continue',
  hub_lost: 'The background part of this page stopped; starting it again',
  hub_unavailable: 'The background part of this page cannot start',
};

const CIRCUITS: Record<Circuit, string> = {
  closed: 'Circuit closed: each attempt waits longer than the one before.',
  open: 'Circuit open: after so many failures it waits before the next attempt.',
  'half-open': 'Circuit half open: the next attempt decides whether it closes.',
};

/** @param isChecking the line was asked whether it lives, and has not answered for a moment. */
export function sayConnection(connection: Connection, isChecking: boolean): string {
  switch (connection.state) {
    case 'connecting':
      return 'Connecting';
    case 'open':
      return isChecking ? 'Checking the line' : 'Live';
    case 'closing':
      return 'Closing';
    case 'closed':
      return REASONS[connection.reason];
  }
}

/** The exact terms, for those who keep the console running. */
export function explainConnection(connection: Connection): string {
  switch (connection.state) {
    case 'connecting':
      return `Attempt ${connection.attempt + 1} to open a WebSocket.`;
    case 'open':
      return connection.rttMs === null
        ? 'The WebSocket is open.'
        : `The WebSocket is open; the round trip takes ${connection.rttMs.toFixed(0)} ms.`;
    case 'closing':
      return 'The WebSocket is closing.';
    case 'closed':
      return `${plural(connection.attempt, 'attempt')} failed in a row (reason: ${connection.reason}). ${CIRCUITS[connection.circuit]}`;
  }
}
