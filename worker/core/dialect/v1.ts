/** How frames look to a server of `trunkline.v1`: as they are. */
import { parseServerMessage } from '../../../src/protocol/frames/index.ts';
import { SUBPROTOCOL } from '../../../src/protocol/version.ts';
import { BINARY, type Dialect } from './dialect.ts';

export const v1: Dialect = {
  name: 'trunkline.v1',
  subprotocol: SUBPROTOCOL,
  takesToken: true,
  heartbeat: true,
  confirms: 'ack',
  encode: (frame) => [JSON.stringify(frame)],
  decode: (message) => (typeof message === 'string' ? parseServerMessage(message) : [BINARY]),
};
