/** The tables of SQLite logs as earlier versions made them. */

export const FIRST_FORMAT = `
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
  PRAGMA user_version = 1;
`;

export const SECOND_FORMAT = `
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
    at INTEGER NOT NULL,           -- when the row became what it is
    result TEXT,
    state TEXT NOT NULL DEFAULT 'accepted', -- or begun, cancelled, cancelled_begun
    PRIMARY KEY (principal, id)
  ) WITHOUT ROWID;
  CREATE INDEX commands_by_time ON commands (at);
  CREATE TABLE runs (              -- of servers on this file: from the opening to the last time that was told
    began INTEGER PRIMARY KEY,
    told INTEGER NOT NULL
  );
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
  PRAGMA user_version = 2;
`;

export const FOURTH_FORMAT = `
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
  PRAGMA user_version = 4;
`;

export const FIFTH_FORMAT = `
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
    marked INTEGER NOT NULL DEFAULT 0 -- 1: there is a mark beside this file
  );
  INSERT INTO about VALUES (1, 0, '', 0, NULL, 0, '', 0, 0, 0, 0, 0);
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
  PRAGMA user_version = 5;
`;
