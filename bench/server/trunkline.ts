import { createServer } from 'trunkline/server';
import { protocol } from '../pages/common/protocol.ts';
import type { Feed, OnCommand } from './feed.ts';

export function trunklineFeed(onCommand: OnCommand): Feed {
  const server = createServer(protocol, {
    allowedOrigins: ['*'],
    commands: {
      note: ({ n }) => onCommand(n),
      decision: ({ n }) => onCommand(n),
    },
  });
  return {
    attach: (http) => server.attach(http),
    publish: (event) => server.publish('feed', event),
  };
}
