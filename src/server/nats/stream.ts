/**
 * The stream that holds a log's records: a message each, whose sequence is the record's position. And one for its dumps: each part
 * is a message with a subject of its own, and the newest message of `index` says which dumps are whole.
 */
import {
  DiscardPolicy,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';

export const subjectOf = (stream: string): string => `${stream}.records`;
export const dumpsOf = (stream: string): string => `${stream}-dumps`;

/** Everything that the log's promise needs, though much of it is what a server does by default. */
const wanted = (stream: string, subject: string, replicas: number) =>
  ({
    name: stream,
    subjects: [subject],
    num_replicas: replicas,
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.New,
    max_msgs: -1,
    max_bytes: -1,
    max_age: 0,
    max_msgs_per_subject: -1,
  }) satisfies Partial<StreamConfig>;

/**
 * Makes the streams where they are missing.
 *
 * @throws Error where one is another one.
 */
export async function ensureStreams(
  manager: JetStreamManager,
  stream: string,
  replicas: number,
): Promise<void> {
  await ensureStream(manager, { ...wanted(stream, subjectOf(stream), replicas), deny_delete: true });
  const dumps = dumpsOf(stream);
  await ensureStream(manager, wanted(dumps, `${dumps}.>`, replicas));
}

/** Servers drop what they do not know without a word: what comes back is compared. */
async function ensureStream(
  manager: JetStreamManager,
  asked: ReturnType<typeof wanted> & Partial<StreamConfig>,
): Promise<void> {
  const { config } = await manager.streams.add(asked);
  const got = new Map<string, unknown>(Object.entries(config));
  for (const [name, value] of Object.entries(asked)) {
    if (JSON.stringify(got.get(name)) !== JSON.stringify(value)) {
      throw new Error(
        `the stream ${asked.name} has ${name} ${JSON.stringify(got.get(name))}: ${JSON.stringify(value)} is needed`,
      );
    }
  }
}
