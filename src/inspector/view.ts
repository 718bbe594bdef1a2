/** What is known of a client at one moment: what panels show, and what goes into a file. */
import type { Connection, HubReport, StorageState } from '../protocol/model.ts';
import type { LoggedFrame } from './frames/frame-log.ts';
import type { Rates } from './recording/rates.ts';
import type { Recording } from './recording/recording.ts';

export interface View {
  /** By the browser's clock, ms since 1970. */
  readonly now: number;
  readonly connection: Connection;
  /** `null`: no hub has answered yet. */
  readonly report: HubReport | null;
  /** When the report was made. */
  readonly reportedAt: number;
  readonly storage: StorageState;
  /** What the browser says of this origin's storage, in bytes; `null`: nothing. */
  readonly estimate: { readonly usage: number; readonly quota: number } | null;
  readonly recording: Recording;
  readonly rates: Rates;
  readonly frames: readonly LoggedFrame[];
  /** Some worker records frames. */
  readonly hasRecorder: boolean;
  /** A person asked to see what commands and frames say. */
  readonly showsPayloads: boolean;
}
