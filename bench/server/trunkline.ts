import { createServer } from 'trunkline/server';
import { protocol } from '../pages/common/protocol.ts';
import type { Feed, OnCommand } from './feed.ts';

export async function trunklineFeed(onCommand: OnCommand, logFile?: string): Promise<Feed> {
  const server = createServer(protocol, {
    allowedOrigins: ['*'],
    commands: {
      note: ({ n }) => onCommand(n),
      decision: ({ n }) => onCommand(n),
    },
    ...(logFile !== undefined && { log: await openLog(logFile) }),
  });
  await server.ready();
  return {
    attach: (http) => server.attach(http),
    publish: (event) => server.publish('feed', event),
  };
}

/** Loaded only where it is asked for: not every version of the package has it. */
async function openLog(file: string) {
  const { sqliteLog } = await import('trunkline/server/sqlite');
  return sqliteLog(file);
}
