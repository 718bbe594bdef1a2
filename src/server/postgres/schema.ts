/** The tables, in a schema of their own. */

/**
 * `head` is locked by each append, which takes the next positions from it. `mark` says up to where the records are known to
 * be durable, and where the log begins; it is written without a wait, since losing it costs a proof and nothing else.
 * `dump` has a line for each that is whole, and is written once all of its parts are.
 */
export const tables = (schema: string): string => `
SELECT pg_advisory_xact_lock(hashtextextended('${schema}', 0));
CREATE SCHEMA IF NOT EXISTS "${schema}";
CREATE TABLE IF NOT EXISTS "${schema}".record (position bigint PRIMARY KEY, time bigint NOT NULL, text bytea NOT NULL);
CREATE TABLE IF NOT EXISTS "${schema}".head (single boolean PRIMARY KEY CHECK (single), position bigint NOT NULL, time bigint NOT NULL);
CREATE TABLE IF NOT EXISTS "${schema}".mark (single boolean PRIMARY KEY CHECK (single), durable bigint NOT NULL, oldest bigint NOT NULL);
CREATE TABLE IF NOT EXISTS "${schema}".dump (position bigint PRIMARY KEY, name text NOT NULL, parts integer NOT NULL);
CREATE TABLE IF NOT EXISTS "${schema}".part (position bigint, name text, number integer, text bytea NOT NULL, PRIMARY KEY (position, name, number));
INSERT INTO "${schema}".head VALUES (true, 0, 0) ON CONFLICT DO NOTHING;
INSERT INTO "${schema}".mark VALUES (true, 0, 1) ON CONFLICT DO NOTHING;
`;

export const haveTables = (schema: string): string =>
  `SELECT to_regclass('"${schema}".part') IS NOT NULL AS found`;

/** In a statement whose commit does not wait for the disk. */
const QUICK = `quick AS (SELECT set_config('synchronous_commit', 'off', true))`;
/** Of a server that this is read on: up to $1, whatever its mark says. */
const durable = (parameter: string) => `least(head.position, greatest(mark.durable, ${parameter}::bigint))`;
/** How many records are deleted in one statement. */
const TRIM = 10_000;
/** How many parts of dumps are deleted in one statement. */
const FORGET = 16;
/** How much is read at once, beyond one record, in bytes. */
const READ_BYTES = 4 * 1_024 * 1_024;

/**
 * Every statement on the tables; `$1` and so on are explained at each. `WHERE single` tells the planner that it is one row: what it
 * takes for an expensive query it compiles first, for a second.
 */
export const statements = (schema: string) => ({
  /**
   * $1: the records, each as hexadecimal bytea, parted by commas; $2: their number. The clock is read once the row is locked:
   * READ COMMITTED evaluates what is set anew after it waited for the lock.
   */
  append: `
    WITH head AS (
      UPDATE "${schema}".head
      SET position = position + $2::int, time = greatest(time, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint)
      RETURNING position, time
    )
    INSERT INTO "${schema}".record (position, time, text)
    SELECT head.position - $2::int + given.number, head.time, given.text::bytea
    FROM head, unnest(string_to_array($1::text, ',')) WITH ORDINALITY AS given(text, number)
    RETURNING position, time`,

  /** $1: the position up to which all is durable. Whoever follows is woken where that is news. */
  mark: `
    WITH ${QUICK}, moved AS (
      UPDATE "${schema}".mark SET durable = $1::bigint FROM quick WHERE durable < $1::bigint RETURNING true
    )
    SELECT pg_notify('${schema}', '') FROM moved`,

  /** Writes to the write-ahead log: once it is committed, all that it saw is durable, on the standby, too. */
  prove: `SELECT position, pg_logical_emit_message(true, 'trunkline', '') FROM "${schema}".head`,

  /** $1: from where; $2: how many at most; $3: up to where this connection knows that all is durable. */
  read: `
    SELECT head.position AS newest, ${durable('$3')} AS durable, mark.oldest, found.*
    FROM "${schema}".head CROSS JOIN "${schema}".mark LEFT JOIN LATERAL (
      SELECT position, time, text FROM (
        SELECT *, sum(octet_length(text)) OVER (ORDER BY position) - octet_length(text) AS bytes_before FROM (
          SELECT * FROM "${schema}".record
          WHERE position BETWEEN $1::bigint AND ${durable('$3')}
          ORDER BY position LIMIT $2::int
        ) AS asked
      ) AS summed
      WHERE bytes_before < ${READ_BYTES}
    ) AS found ON true
    WHERE head.single AND mark.single
    ORDER BY found.position`,

  /** $1: the position to keep; $2: up to where this connection knows that all is durable. To be repeated until it returns nothing. */
  trim: `
    WITH ${QUICK}, goal AS (
      SELECT least($1::bigint, ${durable('$2')} + 1, mark.oldest + ${TRIM}) AS oldest
      FROM "${schema}".head CROSS JOIN "${schema}".mark WHERE head.single AND mark.single
    ), gone AS (
      DELETE FROM "${schema}".record USING goal WHERE position < goal.oldest
    )
    UPDATE "${schema}".mark SET oldest = goal.oldest FROM goal, quick WHERE mark.oldest < goal.oldest
    RETURNING mark.oldest`,

  /** $1: the dump's position; $2: its name, of its own; $3: which part; $4: its text, as hexadecimal bytea. Durable with the statement after. */
  part: `
    WITH ${QUICK}
    INSERT INTO "${schema}".part SELECT $1::bigint, $2::text, $3::int, $4::text::bytea FROM quick`,

  /** $1: the position of a dump whose parts are written; $2: its name; $3: how many. Returns nothing where some of them are gone. */
  keep: `
    INSERT INTO "${schema}".dump
    SELECT $1::bigint, $2::text, $3::int
    WHERE $3::int = (SELECT count(*) FROM "${schema}".part WHERE position = $1::bigint AND name = $2::text)
    ON CONFLICT (position) DO UPDATE SET name = excluded.name, parts = excluded.parts
    RETURNING true`,

  dumps: `SELECT position FROM "${schema}".dump ORDER BY position DESC LIMIT 2`,

  /** $1: its position. */
  dump: `SELECT name, parts FROM "${schema}".dump WHERE position = $1::bigint`,

  /** $1: the dump's position; $2: its name; $3: which part. */
  readPart: `
    SELECT text FROM "${schema}".part WHERE position = $1::bigint AND name = $2::text AND number = $3::int`,

  /** What is before the older of the two dumps that are kept, whole or not. To be repeated until it returns nothing. */
  forget: `
    WITH ${QUICK}, kept AS (
      SELECT position FROM "${schema}".dump ORDER BY position DESC OFFSET 1 LIMIT 1
    ), gone AS (
      DELETE FROM "${schema}".dump USING kept WHERE dump.position < kept.position
    )
    DELETE FROM "${schema}".part USING quick
    WHERE (position, name, number) IN (
      SELECT part.position, part.name, part.number FROM "${schema}".part JOIN kept ON part.position < kept.position
      LIMIT ${FORGET}
    )
    RETURNING true`,

  listen: `LISTEN "${schema}"`,

  /** $1: a server's process, which waits for a standby on behalf of a connection that is given up. */
  cancel: 'SELECT pg_cancel_backend($1::int)',
});

export type Statements = ReturnType<typeof statements>;
