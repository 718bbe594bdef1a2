/** Every case, in the order in which the report shows them: that of their value. */
import type { Case } from '../case.ts';
import { ONCE } from './once.ts';
import { ORDER } from './order.ts';
import { REPLAY } from './replay.ts';
import { RESTART } from './restart.ts';

export const CASES: readonly Case[] = [...RESTART, ...ONCE, ...ORDER, ...REPLAY];
