/** Which tables the log's file has, and how an older file becomes one of today. */
/** Raised with every change of the tables; a file of an older format is brought up, one of a newer format refused. */
export const FORMAT = 4;

/** From each format to the next one. */
export const STEPS: Readonly<Record<number, string>> = {
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
};

export const TABLES = `
  CREATE TABLE about (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    epoch TEXT NOT NULL,           -- of the topics that nobody has published to
    created_at INTEGER NOT NULL,
    dedupe_since INTEGER NOT NULL,
    marked INTEGER NOT NULL DEFAULT 0 -- 1: there is a mark beside this file
  );
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
  CREATE TABLE runs (              -- of servers on this file
    id TEXT PRIMARY KEY,
    began INTEGER NOT NULL,
    told INTEGER NOT NULL          -- the last time at which it is known to have been at work
  ) WITHOUT ROWID;
  CREATE TABLE clients (
    id TEXT PRIMARY KEY,
    principal TEXT NOT NULL,
    used_at INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE deliveries (
    principal TEXT NOT NULL,
    client TEXT NOT NULL,
    topic INTEGER NOT NULL,
    "offset" INTEGER NOT NULL,
    acknowledged INTEGER NOT NULL,
    PRIMARY KEY (principal, client, topic, "offset")
  ) WITHOUT ROWID;
  CREATE INDEX deliveries_by_event ON deliveries (topic, "offset");
`;
