import type { ClosedReason, Connection } from 'trunkline';

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
  hub_lost: 'The worker is gone; starting a new one',
  hub_unavailable: 'The worker cannot start',
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
