/** The stream that holds a log's records: a message each, whose sequence is the record's position. */
import {
  DiscardPolicy,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';

export const subjectOf = (stream: string): string => `${stream}.records`;

/** Everything that the log's promise needs, though much of it is what a server does by default. */
const wanted = (stream: string, replicas: number) =>
  ({
    name: stream,
    subjects: [subjectOf(stream)],
    num_replicas: replicas,
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.New,
    max_msgs: -1,
    max_bytes: -1,
    max_age: 0,
    max_msgs_per_subject: -1,
    deny_delete: true,
  }) satisfies Partial<StreamConfig>;

/**
 * Makes the stream where it is missing.
 *
 * @throws Error where it is another one: servers drop what they do not know without a word, so what comes back is compared.
 */
export async function ensureStream(
  manager: JetStreamManager,
  stream: string,
  replicas: number,
): Promise<void> {
  const asked = wanted(stream, replicas);
  const { config } = await manager.streams.add(asked);
  const got = new Map<string, unknown>(Object.entries(config));
  for (const [name, value] of Object.entries(asked)) {
    if (JSON.stringify(got.get(name)) !== JSON.stringify(value)) {
      throw new Error(
        `the stream ${stream} has ${name} ${JSON.stringify(got.get(name))}: ${JSON.stringify(value)} is needed`,
      );
    }
  }
}
