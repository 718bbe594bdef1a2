import type { CommandContext } from 'trunkline/server';
import type { ConsoleProtocol } from './protocol.ts';

/** The command that a handler runs, as much of it as a run needs. */
export type Commanding = Pick<
  CommandContext<ConsoleProtocol>,
  'id' | 'principal' | 'publish' | 'afterCommit' | 'afterRollback'
>;
