/** The entry `trunkline/server`. */
export type { Limits } from './core/limits.ts';
export type { ServerStats } from './core/stats.ts';
export type { CommandContext, Handlers } from './handlers.ts';
export type {
  ClientKey,
  CommandEnd,
  CommandKey,
  CommandRecord,
  Committed,
  EventLog,
  From,
  History,
  JsonText,
  LoggedEvent,
  NewEvent,
  Opened,
  OpenOptions,
  Principal,
  Run,
  Take,
  TopicState,
  Transaction,
} from './log/event-log.ts';
export { type MemoryLogOptions, memoryLog } from './log/memory-log.ts';
export { Reject, type RejectOptions } from './reject.ts';
export { createServer } from './server.ts';
export { startTimer, type TimerOptions } from './timer.ts';
export { ANONYMOUS, type Server, type ServerOptions } from './types.ts';
