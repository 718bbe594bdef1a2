/** What the inspector needs of a client: any `Client` of `trunkline` is one. */

import type { Readable } from '../index.ts';
import type { Typed } from '../protocol/interpret.ts';
import type { Connection, EntryWith, HubReport, Outcome, StorageState } from '../protocol/model.ts';

export type Entry = EntryWith<Typed>;
export interface Settlement {
  readonly id: string;
  /** By the browser's clock, ms since 1970. */
  readonly at: number;
  readonly command: Typed;
  readonly outcome: Outcome;
}

export interface Inspected {
  readonly connection: Readable<Connection>;
  readonly outbox: Readable<readonly Entry[]> & {
    readonly storage: Readable<StorageState>;
    onSettled(listener: (settled: Settlement) => void): () => void;
  };
  inspect(): Promise<HubReport>;
}
