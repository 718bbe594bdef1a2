import type { HubReport } from 'trunkline';

/** Where the scenario stands. It is kept over the reload and the absence that are part of it. */
export type Script =
  | { readonly stage: 'start'; readonly runId: null }
  | { readonly stage: 'gate'; readonly runId: string }
  | { readonly stage: 'cut' | 'approve'; readonly runId: string; readonly gateId: string }
  | {
      readonly stage: 'reload' | 'leave' | 'return';
      readonly runId: string;
      readonly gateId: string;
      readonly commandId: string;
    }
  | { readonly stage: 'proof'; readonly runId: string; readonly proof: Proof }
  | { readonly stage: 'failed'; readonly runId: string | null; readonly message: string };
export type Stage = Exclude<Script['stage'], 'failed'>;

export interface Proof {
  /** How often the decision was handed to a socket; `null`: it had ended before this page was back. */
  readonly sent: number | null;
  /** The server had accepted it before, and said so again. */
  readonly duplicate: boolean;
  /** How often the server told of the gate's decision. */
  readonly resolved: number;
  readonly by: string | null;
  readonly sockets: HubReport['sockets'];
  readonly tabs: number;
}
