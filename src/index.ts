export { createClient } from './client/create-client.ts';
export { type ErrorCode, type Issues, TrunklineError } from './client/errors.ts';
export type {
  Client,
  CreateClientOptions,
  Delivered,
  Latest,
  ListenOptions,
  Logger,
  Outbox,
  Readable,
  Receipt,
  SendArguments,
  SendOptions,
  Topic,
  TopicSubscriber,
} from './client/types.ts';
export type { ClosedReason } from './protocol/closed-reason.ts';
export type {
  AnyProtocol,
  CommandInput,
  CommandOf,
  CommandType,
  EventInput,
  EventOf,
  EventType,
  PayloadOf,
  Protocol,
  ResultOf,
} from './protocol/index.ts';
export type {
  Circuit,
  Connection,
  Diagnosis,
  FailureCause,
  HubCounts,
  HubReport,
  Meta,
  OutboxEntry,
  Outcome,
  ServerTime,
  Settled,
  StorageHealth,
  StorageState,
  TopicStatus,
} from './protocol/model.ts';
export type { Dialect } from './protocol/port.ts';
