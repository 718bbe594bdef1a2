/** The entry `trunkline/server`. */
export type { Limits } from './core/limits.ts';
export type { Health, ServerStats } from './core/stats.ts';
export type { CommandContext, Handlers, LatestEvent } from './handlers.ts';
export type {
  AcceptedCommand,
  Admission,
  Admitted,
  ClientKey,
  CommandEnd,
  CommandKey,
  CommandRecord,
  Committed,
  CommittedEvent,
  EventLog,
  EventPlace,
  Expectation,
  From,
  Happening,
  History,
  JsonText,
  LoggedEvent,
  NewEvent,
  Opened,
  OpenOptions,
  Principal,
  PublicationName,
  Run,
  Standing,
  Take,
  TopicState,
  Transaction,
} from './log/event-log.ts';
export { type MemoryLogOptions, memoryLog } from './log/memory-log.ts';
export type { Projection } from './log/projection.ts';
export { Reject, type RejectOptions } from './reject.ts';
export { DumpFailed } from './replicated/dumps.ts';
export {
  type Engine,
  EngineError,
  type Following,
  type LogRecord,
  type Placed,
  type Records,
} from './replicated/engine.ts';
export type { StartProgress } from './replicated/replica.ts';
export { LogDiverged } from './replicated/replica.ts';
export { type ReplicatedLogOptions, replicatedLog } from './replicated/replicated-log.ts';
export { createServer } from './server.ts';
export { startTimer, type TimerOptions } from './timer.ts';
export { ANONYMOUS, type Authenticated, type Claims, type Server, type ServerOptions } from './types.ts';
