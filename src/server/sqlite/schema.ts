/** Which tables the log's file has, and how an older file becomes one of today. */
import { type Database, numberIn } from './database.ts';

/** Raised with every change of the tables; a file of an older format is brought up, one of a newer format refused. */
const FORMAT = 8;

/** From each format to the next one. */
const STEPS: Readonly<Record<number, string>> = {
  1: `
    ALTER TABLE commands ADD COLUMN state TEXT NOT NULL DEFAULT 'accepted';
    CREATE TABLE runs (
      began INTEGER PRIMARY KEY,
      told INTEGER NOT NULL
    );
  `,
  2: `
    ALTER TABLE runs RENAME TO runs_by_time;
    CREATE TABLE runs (
      id TEXT PRIMARY KEY,
      began INTEGER NOT NULL,
      told INTEGER NOT NULL
    ) WITHOUT ROWID;
    INSERT INTO runs SELECT 'run of ' || began, began, told FROM runs_by_time;
    DROP TABLE runs_by_time;
  `,
  3: `
    ALTER TABLE about ADD COLUMN marked INTEGER NOT NULL DEFAULT 0;
  `,
  4: `
    ALTER TABLE about RENAME TO about_before;
    CREATE TABLE about (
      only INTEGER PRIMARY KEY CHECK (only = 1),
      position INTEGER NOT NULL,
      note TEXT NOT NULL,
      newest_time INTEGER NOT NULL,
      started_at INTEGER,
      dedupe_since INTEGER NOT NULL,
      epoch TEXT NOT NULL,
      tail_limit INTEGER NOT NULL,
      history_events INTEGER NOT NULL,
      command_ids INTEGER NOT NULL,
      client_ids INTEGER NOT NULL,
      marked INTEGER NOT NULL DEFAULT 0
    );
    INSERT INTO about VALUES (1, 0, '', 0, NULL, 0, '', 0, 0, 0, 0, 0);
    UPDATE about SET
      newest_time = max(
        coalesce((SELECT max(told) FROM runs), 0),
        coalesce((SELECT max(at) FROM commands), 0),
        coalesce((SELECT max(newest_ts) FROM topics), 0)),
      started_at = (SELECT created_at FROM about_before),
      dedupe_since = coalesce((SELECT dedupe_since FROM about_before), 0),
      epoch = coalesce((SELECT epoch FROM about_before), ''),
      marked = coalesce((SELECT marked FROM about_before), 0);
    DROP TABLE about_before;
    ALTER TABLE runs RENAME TO runs_before;
    CREATE TABLE runs (
      number INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      began INTEGER NOT NULL,
      told INTEGER NOT NULL
    );
    INSERT INTO runs (id, began, told) SELECT id, began, told FROM runs_before ORDER BY began;
    DROP TABLE runs_before;
    ALTER TABLE clients ADD COLUMN term INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE clients ADD COLUMN run TEXT NOT NULL DEFAULT '';
    ALTER TABLE clients ADD COLUMN position INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX clients_by_use ON clients (used_at);
  `,
  5: `
    CREATE INDEX events_critical ON events (topic, "offset") WHERE critical = 1;
    CREATE TABLE recorded (
      principal TEXT NOT NULL,
      client TEXT NOT NULL,
      topic INTEGER NOT NULL,
      up_to INTEGER NOT NULL,
      PRIMARY KEY (principal, client, topic)
    ) WITHOUT ROWID;
  `,
  6: `
    CREATE TABLE publications (
      key TEXT PRIMARY KEY,
      digest TEXT NOT NULL,
      at INTEGER NOT NULL,
      places TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX publications_by_time ON publications (at);
  `,
  7: `
    ALTER TABLE about ADD COLUMN topic_ages TEXT;
  `,
};

const TABLES = `
  CREATE TABLE about (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    position INTEGER NOT NULL,     -- of the entry that was applied last
    note TEXT NOT NULL,            -- kept with the position
    newest_time INTEGER NOT NULL,
    started_at INTEGER,            -- NULL: it never was opened
    dedupe_since INTEGER NOT NULL,
    epoch TEXT NOT NULL,           -- of the topics that nobody has published to
    tail_limit INTEGER NOT NULL,
    history_events INTEGER NOT NULL,
    command_ids INTEGER NOT NULL,
    client_ids INTEGER NOT NULL,
    marked INTEGER NOT NULL DEFAULT 0, -- 1: there is a mark beside this file
    topic_ages TEXT                -- as JSON; NULL: no topic ends by itself
  );
  INSERT INTO about VALUES (1, 0, '', 0, NULL, 0, '', 0, 0, 0, 0, 0, NULL);
  CREATE TABLE topics (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    epoch TEXT NOT NULL,
    newest INTEGER NOT NULL,
    newest_ts INTEGER NOT NULL,
    forgotten INTEGER NOT NULL,    -- the newest offset that is no longer in the history; a row may outlive that as state
    forgotten_ts INTEGER NOT NULL
  );
  CREATE TABLE events (
    topic INTEGER NOT NULL,
    "offset" INTEGER NOT NULL,
    ts INTEGER NOT NULL,
    key TEXT,
    gone INTEGER NOT NULL,
    critical INTEGER NOT NULL,
    event TEXT NOT NULL,
    PRIMARY KEY (topic, "offset")
  ) WITHOUT ROWID;
  CREATE INDEX events_by_time ON events (topic, ts, "offset");
  CREATE INDEX events_without_key ON events (topic, "offset") WHERE key IS NULL;
  CREATE INDEX events_critical ON events (topic, "offset") WHERE critical = 1;
  CREATE TABLE state (
    topic INTEGER NOT NULL,
    key TEXT NOT NULL,
    "offset" INTEGER NOT NULL,
    PRIMARY KEY (topic, key)
  ) WITHOUT ROWID;
  CREATE TABLE commands (
    principal TEXT NOT NULL,
    id TEXT NOT NULL,
    at INTEGER NOT NULL,           -- when the row became what it is
    result TEXT,
    state TEXT NOT NULL DEFAULT 'accepted', -- or begun, cancelled, cancelled_begun
    PRIMARY KEY (principal, id)
  ) WITHOUT ROWID;
  CREATE INDEX commands_by_time ON commands (at);
  CREATE TABLE publications (      -- that have names
    key TEXT PRIMARY KEY,
    digest TEXT NOT NULL,
    at INTEGER NOT NULL,
    places TEXT NOT NULL           -- of its events: topic, epoch and offset of each, as JSON
  ) WITHOUT ROWID;
  CREATE INDEX publications_by_time ON publications (at);
  CREATE TABLE runs (              -- of servers on this file
    number INTEGER PRIMARY KEY,    -- in the order in which they began
    id TEXT NOT NULL UNIQUE,
    began INTEGER NOT NULL,
    told INTEGER NOT NULL          -- the last time at which it is known to have been at work
  );
  CREATE TABLE clients (
    id TEXT PRIMARY KEY,
    principal TEXT NOT NULL,
    used_at INTEGER NOT NULL,
    term INTEGER NOT NULL DEFAULT 0, -- of the connection that was admitted last, by that run, at that position
    run TEXT NOT NULL DEFAULT '',
    position INTEGER NOT NULL DEFAULT 0
  ) WITHOUT ROWID;
  CREATE INDEX clients_by_use ON clients (used_at);
  CREATE TABLE deliveries (
    principal TEXT NOT NULL,
    client TEXT NOT NULL,
    topic INTEGER NOT NULL,
    "offset" INTEGER NOT NULL,
    acknowledged INTEGER NOT NULL,
    PRIMARY KEY (principal, client, topic, "offset")
  ) WITHOUT ROWID;
  CREATE INDEX deliveries_by_event ON deliveries (topic, "offset");
  CREATE TABLE recorded (          -- of a client with deliveries in a topic: up to where they are all
    principal TEXT NOT NULL,
    client TEXT NOT NULL,
    topic INTEGER NOT NULL,
    up_to INTEGER NOT NULL,
    PRIMARY KEY (principal, client, topic)
  ) WITHOUT ROWID;
`;

/** @throws Error where a newer version has written the file. */
export function checkFormat(db: Database, path: string): number {
  const format = numberIn(db.one('PRAGMA user_version'), 'user_version');
  if (format > FORMAT)
    throw new Error(`sqliteLog: ${path} has format ${format}; this version reads format ${FORMAT}`);
  return format;
}

/** Makes the tables, or brings them up, at this time: of servers that did not tell when they were at work, all until now counts. */
export function makeTables(db: Database, path: string, now: number): void {
  db.atomically(() => {
    const format = checkFormat(db, path);
    if (format === FORMAT) return;
    if (format === 0) db.exec(TABLES);
    else for (let from = format; from < FORMAT; from += 1) db.exec(STEPS[from] ?? '');
    if (format === 1) {
      db.run(
        "INSERT INTO runs (id, began, told) SELECT 'before runs were told', 0, max(?, newest_time) FROM about",
        now,
      );
    }
    db.exec(`PRAGMA user_version = ${FORMAT};`);
  });
}
