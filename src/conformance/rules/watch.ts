/** Judges by the rules all that any socket hears. */
import type { ClientFrame, Parsed, ServerFrame } from '../../protocol/frames/index.ts';
import { isTooDeep } from '../../protocol/json.ts';
import type { Transcript } from '../seen.ts';
import { ConnectionFollower, type ToldTimes } from './connection-follower.ts';
import { RULES, type RuleId } from './table.ts';
import { TopicFollower } from './topic-follower.ts';

/** What a socket tells of itself. */
export interface Ear {
  sent(frame: ClientFrame): void;
  heard(parsed: Parsed<ServerFrame>, message: { readonly bytes: number; readonly isBinary: boolean }): void;
  closed(code: number): void;
}

/** How often a rule was judged, and how it was broken first. */
export interface Finding {
  judged: number;
  broken: { readonly because: string; readonly frames: readonly string[] } | null;
}

const DEFAULT_CLIENT_LIMIT_BYTES = 16_777_216;
/** Less is no limit that a client may set. */
const SMALLEST_CLIENT_LIMIT_BYTES = 1_024;

export class Watch {
  readonly findings = new Map<RuleId, Finding>(RULES.map(({ id }) => [id, { judged: 0, broken: null }]));
  readonly #told: ToldTimes = { serverTime: 0, dedupeSince: 0 };

  hasBroken(): boolean {
    return [...this.findings.values()].some(({ broken }) => broken !== null);
  }

  /** For one socket, of whose case the name is shown. */
  ear(caseId: string, transcript: () => Transcript): Ear {
    const find = (rule: RuleId, broken: string | null) => {
      const finding = this.findings.get(rule);
      if (!finding) return;
      finding.judged += 1;
      if (broken !== null) {
        finding.broken ??= { because: `${broken} (seen in ${caseId})`, frames: [...transcript().lines] };
      }
    };
    const connection = new ConnectionFollower(find, this.#told);
    const topics = new Map<string, TopicFollower>();
    let maxBytes = DEFAULT_CLIENT_LIMIT_BYTES;
    const follower = (topic: string) => {
      const known = topics.get(topic) ?? new TopicFollower(find);
      topics.set(topic, known);
      return known;
    };
    return {
      sent: (frame) => {
        switch (frame.type) {
          case 'hello':
            maxBytes = Math.max(
              frame.max_frame_bytes ?? DEFAULT_CLIENT_LIMIT_BYTES,
              SMALLEST_CLIENT_LIMIT_BYTES,
            );
            connection.saidHello();
            return;
          case 'subscribe':
          case 'resync_request':
            follower(frame.topic).asked(frame);
            return;
          case 'unsubscribe':
            follower(frame.topic).stopped();
        }
      },
      heard: (parsed, { bytes, isBinary }) => {
        find(
          'frames/size',
          bytes <= maxBytes ? null : `a message of ${bytes} bytes, where \`max_frame_bytes\` is ${maxBytes}`,
        );
        if (isBinary) find('frames/schema', 'a binary message');
        if (!parsed.ok) {
          if (parsed.problem === 'malformed')
            find('frames/schema', `${parsed.type ?? 'no frame'}: ${parsed.message}`);
          return;
        }
        const { frame } = parsed;
        find('frames/schema', null);
        connection.heard(frame);
        switch (frame.type) {
          case 'subscribed':
            follower(frame.topic).subscribed(frame);
            return;
          case 'snapshot':
            follower(frame.topic).snapshot(frame);
            return;
          case 'event':
            find(
              'frames/depth',
              isTooDeep(frame.event) ? `event ${frame.offset} is nested more than 200 deep` : null,
            );
            follower(frame.topic).event(frame);
            return;
          case 'error':
            if (frame.topic !== undefined) follower(frame.topic).error(frame);
        }
      },
      closed: (code) => connection.closed(code),
    };
  }
}
