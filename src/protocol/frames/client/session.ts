/** A client's part of a connection: its beginning and its heartbeat. */
import * as v from 'valibot';
import { count, frameBytes, int, uuid } from '../common.ts';

/**
 * Client to server, the first frame on every socket, within 10 s.
 * `client_id` is stable per browser profile, app and identity. `term` grows by one whenever another hub takes over the
 * browser's outbox, so that a server can fence the former one. The token travels here and nowhere else.
 */
export const hello = v.object({
  type: v.literal('hello'),
  client_id: uuid,
  app: v.string(),
  app_version: int,
  term: count,
  max_frame_bytes: v.optional(frameBytes),
  token: v.optional(v.string()),
});

/** Client to server: the heartbeat. */
export const ping = v.object({ type: v.literal('ping'), id: int });
