/** A log's dumps in a stream of their own. */
import { randomUUID } from 'node:crypto';
import {
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
  type StoredMsg,
} from '@nats-io/jetstream';
import * as v from 'valibot';
import { noSuchDump } from '../replicated/engine-parts.ts';

/** The dumps that are whole, the highest position first. */
const INDEX = v.array(
  v.object({
    position: v.number(),
    /** Of its own: two may be made of one position. */
    name: v.string(),
    parts: v.number(),
  }),
);
type Index = v.InferOutput<typeof INDEX>;

const KEPT = 2;
/** JetStream's `wrong last sequence`: somebody else has written the index since it was read. */
const WRONG_LAST_SEQUENCE = 10_071;

export interface DumpClient {
  readonly stream: JetStreamClient;
  readonly manager: JetStreamManager;
  /** Asks again while nobody hears it. */
  answerOf<Answer>(question: () => Promise<Answer>): Promise<Answer>;
}

export class NatsDumps {
  readonly #stream: string;

  /** @param stream its name, and the beginning of all of its subjects */
  constructor(stream: string) {
    this.#stream = stream;
  }

  async keep(client: DumpClient, position: number, parts: AsyncIterable<string>): Promise<void> {
    const dump = { position, name: randomUUID(), parts: 0 };
    for await (const text of parts) {
      const subject = this.#part(dump, dump.parts);
      await client.answerOf(() => client.stream.publish(subject, text));
      dump.parts += 1;
    }
    const index = await this.#enter(client, dump);
    await this.#forget(client, index);
  }

  async positions(client: DumpClient): Promise<number[]> {
    const { index } = await this.#index(client);
    return index.map(({ position }) => position);
  }

  async *read(client: DumpClient, position: number): AsyncGenerator<string> {
    const { index } = await this.#index(client);
    const dump = index.find((one) => one.position === position);
    if (!dump) throw noSuchDump(position);
    for (let number = 0; number < dump.parts; number += 1) {
      const part = await this.#newest(client, this.#part(dump, number));
      if (!part) throw noSuchDump(position);
      yield Buffer.from(part.data).toString();
    }
  }

  /** Resolves to the index with the dump in it. */
  async #enter(client: DumpClient, dump: Index[number]): Promise<Index> {
    for (;;) {
      const { index, sequence } = await this.#index(client);
      const others = index.filter(({ position }) => position !== dump.position);
      const entered = [dump, ...others].sort((a, b) => b.position - a.position).slice(0, KEPT);
      const options = { expect: { lastSubjectSequence: sequence } };
      try {
        await client.answerOf(() =>
          client.stream.publish(this.#indexSubject, JSON.stringify(entered), options),
        );
        return entered;
      } catch (error) {
        if (!(error instanceof JetStreamApiError) || error.code !== WRONG_LAST_SEQUENCE) throw error;
      }
    }
  }

  /** What is before the older of the dumps that are kept, whole or not. */
  async #forget({ manager, answerOf }: DumpClient, index: Index): Promise<void> {
    const kept = index[KEPT - 1];
    if (!kept) return;
    const subjects_filter = `${this.#stream}.part.>`;
    const { state } = await answerOf(() => manager.streams.info(this.#stream, { subjects_filter }));
    const old = new Set<string>();
    for (const subject of Object.keys(state.subjects ?? {})) {
      const [position, name] = subject.slice(`${this.#stream}.part.`.length).split('.');
      if (Number(position) < kept.position) old.add(`${this.#stream}.part.${position}.${name}.*`);
    }
    for (const filter of [...old]) await manager.streams.purge(this.#stream, { filter });
    await manager.streams.purge(this.#stream, { filter: this.#indexSubject, keep: 1 });
  }

  async #index(client: DumpClient): Promise<{ readonly index: Index; readonly sequence: number }> {
    const newest = await this.#newest(client, this.#indexSubject);
    if (!newest) return { index: [], sequence: 0 };
    return { index: v.parse(INDEX, newest.json()), sequence: newest.seq };
  }

  /** By the leader: what a replica answers by itself may be old. */
  #newest({ manager, answerOf }: DumpClient, last_by_subj: string): Promise<StoredMsg | null> {
    return answerOf(() => manager.streams.getMessage(this.#stream, { last_by_subj }));
  }

  get #indexSubject(): string {
    return `${this.#stream}.index`;
  }

  #part({ position, name }: Index[number], number: number): string {
    return `${this.#stream}.part.${position}.${name}.${number}`;
  }
}
