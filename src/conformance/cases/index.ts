/** Every case, in the order in which the report shows them: that of their value. */
import type { Case } from '../case.ts';
import { CRITICALS } from './criticals.ts';
import { CURSORS } from './cursors.ts';
import { FENCING } from './fencing.ts';
import { GOODBYE } from './goodbye.ts';
import { GROWTH } from './growth.ts';
import { IDENTITY } from './identity.ts';
import { MALFORMED } from './malformed.ts';
import { NACKS } from './nacks.ts';
import { ONCE } from './once.ts';
import { ORDER } from './order.ts';
import { PRESSURE } from './pressure.ts';
import { REPLAY } from './replay.ts';
import { RESTART } from './restart.ts';
import { SNAPSHOTS } from './snapshots.ts';

export const CASES: readonly Case[] = [
  ...RESTART,
  ...ONCE,
  ...ORDER,
  ...REPLAY,
  ...CRITICALS,
  ...FENCING,
  ...SNAPSHOTS,
  ...CURSORS,
  ...GROWTH,
  ...MALFORMED,
  ...NACKS,
  ...IDENTITY,
  ...GOODBYE,
  ...PRESSURE,
];
