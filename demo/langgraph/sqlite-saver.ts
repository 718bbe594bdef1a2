/** Where LangGraph keeps its checkpoints: a file, by the SQLite that comes with Node. */
import { DatabaseSync } from 'node:sqlite';
import type { RunnableConfig } from '@langchain/core/runnables';
import {
  BaseCheckpointSaver,
  type Checkpoint,
  type CheckpointListOptions,
  type CheckpointMetadata,
  type CheckpointTuple,
  type PendingWrite,
  WRITES_IDX_MAP,
} from '@langchain/langgraph-checkpoint';
import * as z from 'zod/mini';

// A checkpoint is on the disk before anything is told that follows from it.
const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS checkpoints (
    thread TEXT, namespace TEXT, id TEXT, parent TEXT,
    type TEXT, checkpoint BLOB, metadata_type TEXT, metadata BLOB,
    PRIMARY KEY (thread, namespace, id)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS writes (
    thread TEXT, namespace TEXT, checkpoint_id TEXT, task TEXT, place INTEGER,
    path TEXT, channel TEXT, type TEXT, value BLOB,
    PRIMARY KEY (thread, namespace, checkpoint_id, task, place)
  ) STRICT;`;

const bytes = z.instanceof(Uint8Array);
const checkpointRow = z.object({
  thread: z.string(),
  namespace: z.string(),
  id: z.string(),
  parent: z.nullable(z.string()),
  type: z.string(),
  checkpoint: bytes,
  metadata_type: z.string(),
  metadata: bytes,
});
const writeRow = z.object({ task: z.string(), channel: z.string(), type: z.string(), value: bytes });
type Row = z.infer<typeof checkpointRow>;

/** Which checkpoint is meant; of a thread's, where `id` is undefined, the newest. */
const place = z.object({
  thread_id: z.string(),
  checkpoint_ns: z._default(z.string(), ''),
  checkpoint_id: z.optional(z.string()),
});

export class SqliteSaver extends BaseCheckpointSaver {
  readonly #database: DatabaseSync;

  constructor(path: string) {
    super();
    this.#database = new DatabaseSync(path);
    this.#database.exec(SCHEMA);
  }

  close(): void {
    this.#database.close();
  }

  async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    const { thread_id: thread, checkpoint_ns: namespace, checkpoint_id: id } = placeIn(config);
    const row = this.#database
      .prepare(
        `SELECT * FROM checkpoints WHERE thread = ? AND namespace = ? AND id = coalesce(?, id)
         ORDER BY id DESC LIMIT 1`,
      )
      .get(thread, namespace, id ?? null);
    return row && (await this.#tupleOf(z.parse(checkpointRow, row)));
  }

  async *list(
    config: RunnableConfig,
    { limit, before, filter = {} }: CheckpointListOptions = {},
  ): AsyncGenerator<CheckpointTuple> {
    const { thread_id = null, checkpoint_ns = null, checkpoint_id = null } = config.configurable ?? {};
    const rows = this.#database
      .prepare(
        `SELECT * FROM checkpoints WHERE thread = coalesce(?, thread) AND namespace = coalesce(?, namespace)
         AND id = coalesce(?, id) AND (? IS NULL OR id < ?) ORDER BY id DESC`,
      )
      .all(
        thread_id,
        checkpoint_ns,
        checkpoint_id,
        ...(Array(2).fill(before?.configurable?.['checkpoint_id'] ?? null) as [string | null, string | null]),
      );
    let left = limit ?? rows.length;
    for (const row of rows) {
      if (left === 0) return;
      const tuple = await this.#tupleOf(z.parse(checkpointRow, row));
      const metadata: Record<string, unknown> = { ...tuple.metadata };
      if (!Object.entries(filter).every(([name, value]) => metadata[name] === value)) continue;
      left -= 1;
      yield tuple;
    }
  }

  async put(
    config: RunnableConfig,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
  ): Promise<RunnableConfig> {
    const { thread_id: thread, checkpoint_ns: namespace, checkpoint_id: parent } = placeIn(config);
    const { id } = checkpoint;
    const [checkpointText, metadataText] = await Promise.all([
      this.serde.dumpsTyped(checkpoint),
      this.serde.dumpsTyped(metadata),
    ]);
    this.#database
      .prepare('INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
      .run(thread, namespace, id, parent ?? null, ...checkpointText, ...metadataText);
    return configOf(thread, namespace, id);
  }

  async putWrites(config: RunnableConfig, writes: PendingWrite[], task: string, path = ''): Promise<void> {
    const { thread_id: thread, checkpoint_ns: namespace, checkpoint_id } = placeIn(config);
    if (checkpoint_id === undefined) throw new Error('writes belong to a checkpoint, and none is named');
    const dumped = await Promise.all(writes.map(([, value]) => this.serde.dumpsTyped(value)));
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      for (const [index, [channel]] of writes.entries()) {
        // What a task returned stays as it was; errors, interrupts and answers are those of the newest try.
        const fixed = WRITES_IDX_MAP[channel];
        const dump = dumped[index];
        if (!dump) continue;
        this.#database
          .prepare(
            `INSERT OR ${fixed === undefined ? 'IGNORE' : 'REPLACE'} INTO writes VALUES (?,?,?,?,?,?,?,?,?)`,
          )
          .run(thread, namespace, checkpoint_id, task, fixed ?? index, path, channel, ...dump);
      }
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  async deleteThread(thread: string): Promise<void> {
    for (const table of ['checkpoints', 'writes'])
      this.#database.prepare(`DELETE FROM ${table} WHERE thread = ?`).run(thread);
  }

  async #tupleOf({ thread, namespace, id, parent, ...row }: Row): Promise<CheckpointTuple> {
    const writes = this.#database
      .prepare(
        `SELECT task, channel, type, value FROM writes WHERE thread = ? AND namespace = ? AND checkpoint_id = ?
         ORDER BY path, task, place`,
      )
      .all(thread, namespace, id);
    return {
      config: configOf(thread, namespace, id),
      checkpoint: await this.serde.loadsTyped(row.type, row.checkpoint),
      metadata: await this.serde.loadsTyped(row.metadata_type, row.metadata),
      ...(parent === null ? {} : { parentConfig: configOf(thread, namespace, parent) }),
      pendingWrites: await Promise.all(
        z
          .parse(z.array(writeRow), writes)
          .map(
            async ({ task, channel, type, value }): Promise<[string, string, unknown]> => [
              task,
              channel,
              await this.serde.loadsTyped(type, value),
            ],
          ),
      ),
    };
  }
}

/** @throws Error where the configuration names no thread. */
function placeIn({ configurable }: RunnableConfig): z.infer<typeof place> {
  return z.parse(place, configurable);
}

function configOf(thread_id: string, checkpoint_ns: string, checkpoint_id: string): RunnableConfig {
  return { configurable: { thread_id, checkpoint_ns, checkpoint_id } };
}
