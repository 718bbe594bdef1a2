/** Raised with every change of the tables; a file of a newer format is refused. */
export const FORMAT = 1;

export const TABLES = `
  CREATE TABLE about (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    epoch TEXT NOT NULL,           -- of the topics that nobody has published to
    created_at INTEGER NOT NULL,
    dedupe_since INTEGER NOT NULL
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
    at INTEGER NOT NULL,
    result TEXT,
    PRIMARY KEY (principal, id)
  ) WITHOUT ROWID;
  CREATE INDEX commands_by_time ON commands (at);
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
