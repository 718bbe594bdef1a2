import { appendFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Of a log of LevelDB, which is written in blocks (https://github.com/google/leveldb/blob/main/doc/log_format.md). */
const BLOCK_BYTES = 32_768;
const CHECKSUM_BYTES = 4;
/** Of a record that begins and ends in its block. */
const FULL = 1;

/**
 * Leaves the log of the profile's only origin as Chromium leaves it where it is killed within a write: it writes the head
 * of a record, and then the record. Nobody may have the profile open. @returns the log's file.
 */
export async function cutWrite(profile: string): Promise<string> {
  const databases = join(profile, 'Default', 'IndexedDB');
  const files = await readdir(databases, { recursive: true });
  // Where it was killed while it began a log anew there are two, by their numbers: it writes to the later one.
  const log = files
    .filter((name) => name.endsWith('.log'))
    .sort()
    .at(-1);
  if (log === undefined) throw new Error(`there is no log among: ${files}`);
  const file = join(databases, log);
  const head = Buffer.alloc(CHECKSUM_BYTES + 3);
  head.writeUInt16LE(500, CHECKSUM_BYTES);
  head.writeUInt8(FULL, CHECKSUM_BYTES + 2);
  const inBlock = (await stat(file)).size % BLOCK_BYTES;
  if (inBlock + head.length + 500 > BLOCK_BYTES) throw new Error('the record would be in two blocks');
  await appendFile(file, head);
  return file;
}
