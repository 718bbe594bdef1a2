/** What a hub asks of the part that speaks the plain dialect: `plain.ts`, or what an application has of its own for its server. */
import type { ErrorCode } from '../../../src/protocol/port.ts';
import type { AnyProtocol } from '../../../src/protocol/types.ts';
import type { PlainlySpoken } from './dialect.ts';
import type { PlainHub } from './plain-topic.ts';

/** How a hub speaks with a server that knows nothing of trunkline. */
export interface PlainSupport {
  /** Why a protocol cannot be spoken so, or `null`. */
  refusal(protocol: AnyProtocol): string | null;
  /** For one hub, and all of its connections. */
  createDialect(hub: PlainHub, context: PlainContext): PlainlySpoken;
}
/** As much of a hub's context as that needs. */
export interface PlainContext {
  readonly counts: { malformedFrames: number };
  reportOnce(subject: string, code: ErrorCode, message: string): void;
  after(deadline: 'answers', ms: number, run: () => void): void;
}
