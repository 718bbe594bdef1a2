export type {
  Fate,
  LoadedState,
  Store,
  StoredCursor,
  StoredEntry,
  StoredMeta,
  StoredOutcome,
  StoreFailure,
  StoreOp,
  StoreTransaction,
} from '../worker/core/store.ts';
export { StoreError } from '../worker/core/store.ts';
export type { ConformanceCheck } from './conformance/check.ts';
export { storeConformance } from './conformance/store.ts';
export type { Received, Refusal, TestServer, TestServerOptions } from './server.ts';
export type { TabOptions, TestTab } from './tab.ts';
export type { Act } from './task-queue.ts';
export { createTestbed, type StorageFailure, type Testbed, type TestbedOptions } from './testbed.ts';
