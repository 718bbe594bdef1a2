/** How frames look to a server of `trunkline.v1`: as they are. */
import { parseServerMessage } from '../../../src/protocol/frames/index.ts';
import { SUBPROTOCOL } from '../../../src/protocol/version.ts';
import type { Dialect } from './dialect.ts';

export const v1: Dialect = {
  name: 'trunkline.v1',
  subprotocol: SUBPROTOCOL,
  heartbeat: true,
  confirms: 'ack',
  encode: (frame) => ({ text: JSON.stringify(frame), answers: [] }),
  decode: parseServerMessage,
};
