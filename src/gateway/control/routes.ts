/** What the control port can be asked. */
import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { topic, typed } from '../../protocol/frames/common.ts';
import { PublicationKeyReused, TooManyPublicationNames } from '../../server/core/publication.ts';
import type { ApplicationServer } from '../../server/serve-application.ts';
import { fieldMessage } from '../persist.ts';
import type { Metrics } from './metrics.ts';
import { get, ok, post, Refusal, type Route } from './route.ts';

const topicName = v.pipe(topic, v.description('Its name'));
const principal = v.pipe(
  v.string(),
  v.nonEmpty('It must not be empty'),
  v.description('Whose, as the gateway calls them'),
);
const publication = v.strictObject(
  {
    topic: topicName,
    event: v.pipe(typed, v.description('Any JSON object with a `type`')),
    key: v.optional(
      v.pipe(v.string(), v.description('What it is about: the newest event of a key is its state')),
    ),
    gone: v.optional(v.pipe(v.boolean(), v.description('The key is gone after it'))),
    critical: v.optional(v.pipe(v.boolean(), v.description('Each client acknowledges it'))),
  },
  fieldMessage,
);
const place = v.strictObject({ topic: v.string(), epoch: v.string(), offset: v.number() });
const done = v.strictObject({ status: v.literal('done') });
const health = (status: v.GenericSchema) => v.strictObject({ status });

const DONE = ok({ status: 'done' });
/** The log looks once a minute which are old enough. */
const NAMES_ARE_FORGOTTEN = { 'retry-after': '60' };

export function routesOf(server: ApplicationServer, metrics: Metrics): readonly Route[] {
  return [
    post(
      {
        path: '/publish',
        summary: 'Publishes events: all of them, in their order, or none',
        takesIdempotencyKey: true,
        isBulky: true,
        body: v.strictObject({
          events: v.pipe(v.array(publication), v.minLength(1, 'It must not be empty')),
        }),
        answers: {
          200: {
            description:
              'They are in the log, and on their way to the subscribers: where each is, in their order',
            schema: v.strictObject({ events: v.array(place) }),
          },
        },
      },
      async ({ body: { events }, idempotencyKey: key }) => {
        const name = key === null ? undefined : { key, digest: digestOf(events) };
        try {
          return ok({ events: await server.publishAll(events, name) });
        } catch (error) {
          if (error instanceof TooManyPublicationNames)
            throw new Refusal(429, 'too_many_keys', error.message, NAMES_ARE_FORGOTTEN);
          if (!(error instanceof PublicationKeyReused)) throw error;
          throw new Refusal(409, 'key_reused', 'something else was published under this Idempotency-Key');
        }
      },
    ),
    post(
      {
        path: '/disconnect',
        summary:
          'Ends the connections of a person, on every server of the log; their pages ask for a new token',
        body: v.strictObject({ principal }),
        answers: { 200: { description: 'They end', schema: done } },
      },
      async ({ body }) => {
        await server.disconnect(body.principal);
        return DONE;
      },
    ),
    post(
      {
        path: '/recheck',
        summary:
          'Judges anew which topics a person may read, on every server of the log, for what they listen to now',
        body: v.strictObject({ principal }),
        answers: { 200: { description: 'It is judged, from now on', schema: done } },
      },
      async ({ body }) => {
        await server.recheck(body.principal);
        return DONE;
      },
    ),
    post(
      {
        path: '/end-topic',
        summary:
          'Ends a topic: its events and its state are forgotten, and what is published to it later begins anew',
        body: v.strictObject({ topic: topicName }),
        answers: { 200: { description: 'It has ended, on every server of the log', schema: done } },
      },
      async ({ body }) => {
        await server.endTopic(body.topic);
        return DONE;
      },
    ),
    get(
      {
        path: '/healthz',
        summary: 'Whether the process lives',
        isOpen: true,
        answers: { 200: { description: 'It does', schema: health(v.literal('alive')) } },
      },
      () => ok({ status: 'alive' }),
    ),
    get(
      {
        path: '/readyz',
        summary: 'Whether browsers should be sent to it',
        isOpen: true,
        answers: {
          200: { description: 'They should', schema: health(v.literal('ready')) },
          503: {
            description: 'They should not, and why',
            schema: health(v.picklist(['opening', 'behind', 'draining', 'diverged'])),
          },
        },
      },
      () => {
        const status = server.health();
        return { status: status === 'ready' ? 200 : 503, body: { status } };
      },
    ),
    get(
      {
        path: '/stats',
        summary: 'What the gateway has counted since it began',
        answers: { 200: { description: 'By name', schema: v.record(v.string(), v.unknown()) } },
      },
      () => ok(server.stats()),
    ),
    get(
      {
        path: '/metrics',
        summary: 'The same for Prometheus, and what the process takes',
        answers: { 200: { description: 'In the text format', schema: v.string() } },
      },
      async () => ({ status: 200, body: await metrics.text(), contentType: metrics.contentType }),
    ),
  ];
}

/** The same for the same events, however their JSON is spaced. */
function digestOf(events: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(events)).digest('base64url');
}
