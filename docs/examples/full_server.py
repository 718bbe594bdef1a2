"""A full server of trunkline.v1 (docs/protocol.md): history, acknowledged events, and commands that run once, in SQLite.

    python3 full_server.py [--port 8700] [--database full.db] [--runs FILE]

It needs the package `websockets`, 10.4 or later. `npx trunkline conformance` judges it (docs/conformance.md): for that it
publishes what it reads as lines of JSON on its standard input, and writes the ids of the commands that it begins to a file.
Its people are those of TOKENS; a real server checks tokens in its own way, and the Origin header against its own pages.
"""
import argparse, asyncio, json, math, os, signal, sqlite3, sys, time, uuid
import websockets

SUBPROTOCOL, APP, APP_VERSION = "trunkline.v1", "conformance", 3
TOKENS = {"token-of-ada": "ada", "token-of-grace": "grace"}
HELLO_S, HEARTBEAT_MS, MAX_FRAME = 10, 30_000, 2**20
PART_BYTES, TAIL, HISTORY, MISSED, OFFSETS_PER_ACK = 16_384, 500, 20_000, 10_000, 10_000
TOPICS, COMMANDS = 200, 100  # of one connection: that are subscribed, and that wait or run
KEEP_MS, FENCE_S, FIRST_REPEAT_S, LONGEST_REPEAT_S = 7 * 24 * 3_600_000, 600, 5, 60
WAITING_BYTES = 2**24  # what may wait for a client that does not read

SCHEMA = """
CREATE TABLE IF NOT EXISTS about (epoch TEXT, since INTEGER, newest_time INTEGER);
CREATE TABLE IF NOT EXISTS topics (name TEXT PRIMARY KEY, newest INTEGER, ts INTEGER, floor INTEGER, floor_ts INTEGER);
CREATE TABLE IF NOT EXISTS events (topic TEXT, offset INTEGER, ts INTEGER, key TEXT, gone INTEGER, critical INTEGER, event TEXT,
  PRIMARY KEY (topic, offset));
CREATE INDEX IF NOT EXISTS by_key ON events (topic, key, offset);
CREATE TABLE IF NOT EXISTS commands (principal TEXT, id TEXT, state TEXT, begun INTEGER, result TEXT, at INTEGER,
  PRIMARY KEY (principal, id));
CREATE TABLE IF NOT EXISTS clients (id TEXT PRIMARY KEY, principal TEXT);
CREATE TABLE IF NOT EXISTS owed (principal TEXT, client TEXT, topic TEXT, offset INTEGER, acknowledged INTEGER DEFAULT 0,
  PRIMARY KEY (principal, client, topic, offset));
"""


class Log:
    """What the server remembers. Each method is one transaction, and done when it returns.

    The file `PATH-mark` beside it belongs into no backup: where it is ahead of the log, or missing, the log was restored.
    """

    def __init__(self, path):
        self.mark = path + "-mark"
        self.db = sqlite3.connect(path)
        self.db.row_factory = sqlite3.Row
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = FULL")  # what was answered survives a power cut
        self.db.executescript(SCHEMA)
        with self.db:
            is_new = self.one("SELECT * FROM about") is None
            if is_new:
                self.db.execute("INSERT INTO about VALUES (?, ?, 0)", (uuid.uuid4().hex, int(time.time() * 1000)))
        about = self.one("SELECT * FROM about")
        self.epoch, self.newest_time = about["epoch"], about["newest_time"]
        marked = self.marked()
        if not is_new and (marked is None or marked > self.newest_time):
            self.newest_time = max(self.now(), marked or 0) + 1
            with self.db:  # events and commands may be lost that clients know of
                self.db.execute("UPDATE about SET since = ?", (self.newest_time,))
            self.renew()
        self.tell_time()

    def marked(self):
        """The newest time that was told, as the mark knows it."""
        try:
            with open(self.mark) as file:
                return int(file.read())
        except (FileNotFoundError, ValueError):
            return None

    def renew(self):
        """Begins a new epoch; the events stay as they are."""
        self.epoch = uuid.uuid4().hex
        with self.db:
            self.db.execute("UPDATE about SET epoch = ?", (self.epoch,))

    def one(self, sql, *values):
        return self.db.execute(sql, values).fetchone()

    def all(self, sql, *values):
        return self.db.execute(sql, values).fetchall()

    def now(self):  # never runs backwards, also over a restart: what was told is in the log
        self.newest_time = max(self.newest_time, int(time.time() * 1000))
        return self.newest_time

    def tell_time(self):
        with self.db:
            self.db.execute("UPDATE about SET newest_time = ?", (self.now(),))
        with open(self.mark + "-next", "w") as file:  # after the log, so that it never knows more than the log does
            file.write(str(self.newest_time))
            file.flush()
            os.fsync(file.fileno())
        os.replace(self.mark + "-next", self.mark)
        return self.newest_time

    def since(self):
        return self.one("SELECT since FROM about")["since"]

    def owner(self, client_id, principal):
        with self.db:
            self.db.execute("INSERT OR IGNORE INTO clients VALUES (?, ?)", (client_id, principal))
        return self.one("SELECT principal FROM clients WHERE id = ?", client_id)["principal"]

    def topic(self, name):
        with self.db:
            self.db.execute("INSERT OR IGNORE INTO topics VALUES (?, 0, 0, 0, 0)", (name,))
        return self.one("SELECT * FROM topics WHERE name = ?", name)

    def append(self, publications, audience, command=None):
        """Events and the acceptance of a command, together. `audience`: who must acknowledge what is critical of a topic."""
        written = []
        for name in {publication["topic"] for publication in publications}:
            self.topic(name)
        with self.db:
            if command:
                self.db.execute(
                    "INSERT OR REPLACE INTO commands VALUES (?, ?, 'accepted', 1, ?, ?)",
                    (command["principal"], command["id"], command["result"], self.now()))
            for publication in publications:
                topic = self.one("SELECT * FROM topics WHERE name = ?", publication["topic"])
                offset, ts = topic["newest"] + 1, max(topic["ts"], self.now())
                self.db.execute("UPDATE topics SET newest = ?, ts = ? WHERE name = ?", (offset, ts, topic["name"]))
                self.db.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)", (
                    topic["name"], offset, ts, publication.get("key"), bool(publication.get("gone")),
                    bool(publication.get("critical")), json.dumps(publication["event"], ensure_ascii=False)))
                if publication.get("critical"):
                    self.owe_rows(audience(topic["name"]), topic["name"], [offset])
                written.append((topic["name"], offset))
        return [self.one("SELECT * FROM events WHERE topic = ? AND offset = ?", *event) for event in written]

    def events(self, topic, after, limit=-1):
        return self.all("SELECT * FROM events WHERE topic = ? AND offset > ? ORDER BY offset LIMIT ?", topic, after, limit)

    def state(self, topic):
        return self.all(
            """SELECT * FROM events AS e WHERE topic = ?1 AND key IS NOT NULL AND NOT gone
                 AND offset = (SELECT max(offset) FROM events WHERE topic = ?1 AND key = e.key)
               UNION SELECT * FROM (SELECT * FROM events WHERE topic = ?1 AND key IS NULL ORDER BY offset DESC LIMIT ?2)
               ORDER BY offset""", topic, TAIL)

    def missed(self, topic, cursor, last_seen):
        """What followed, and whether something of it is not there any more; `None` where nobody knows what to follow."""
        about = self.topic(topic)
        if cursor is not None:
            rows, truncated = self.events(topic, cursor), cursor < about["floor"]
        elif last_seen is not None:
            rows = self.all("SELECT * FROM events WHERE topic = ? AND ts >= ? ORDER BY offset", topic, last_seen)
            truncated = last_seen < self.since() or (about["floor"] > 0 and last_seen <= about["floor_ts"])
        else:
            return None, False
        rows = [row for row in rows if row["offset"] > about["floor"]]
        return rows[-MISSED:], truncated or len(rows) > MISSED

    def owe_rows(self, clients, topic, offsets):
        self.db.executemany(
            "INSERT OR IGNORE INTO owed (principal, client, topic, offset) VALUES (?, ?, ?, ?)",
            [(*client, topic, offset) for client in clients for offset in offsets])

    def owe(self, client, topic, rows):
        with self.db:
            self.owe_rows([client], topic, [row["offset"] for row in rows if row["critical"]])

    def owed(self, client, topic):
        return self.all(
            """SELECT events.* FROM owed JOIN events USING (topic, offset)
               WHERE principal = ? AND client = ? AND topic = ? AND NOT acknowledged ORDER BY offset""", *client, topic)

    def acknowledge(self, client, topic, offsets):
        with self.db:
            self.db.executemany(
                "UPDATE owed SET acknowledged = 1 WHERE principal = ? AND client = ? AND topic = ? AND offset = ?",
                [(*client, topic, offset) for offset in offsets])

    def recall(self, principal, id):
        return self.one("SELECT * FROM commands WHERE principal = ? AND id = ?", principal, id)

    def record(self, principal, id, state, begun):
        with self.db:
            self.db.execute(
                "INSERT OR REPLACE INTO commands VALUES (?, ?, ?, ?, NULL, ?)", (principal, id, state, begun, self.now()))

    def prune(self):
        """Forgets what is older than the promises reach; the state, and what is owed, stays."""
        old = self.now() - KEEP_MS
        with self.db:
            forgotten = self.one("SELECT max(at) AS at FROM commands WHERE at < ?", old)["at"]
            if forgotten is not None:
                self.db.execute("UPDATE about SET since = max(since, ?)", (forgotten + 1,))
                self.db.execute("DELETE FROM commands WHERE at < ?", (old,))
        for topic in self.all("SELECT * FROM topics WHERE newest - floor > ?", 2 * HISTORY):
            floor = topic["newest"] - HISTORY
            kept = {row["offset"] for row in self.state(topic["name"])}
            kept |= {row["offset"] for row in self.all("SELECT offset FROM owed WHERE topic = ? AND NOT acknowledged", topic["name"])}
            ts = self.one("SELECT ts FROM events WHERE topic = ? AND offset = ?", topic["name"], floor)["ts"]
            with self.db:
                self.db.execute("UPDATE topics SET floor = ?, floor_ts = ? WHERE name = ?", (floor, ts, topic["name"]))
                for row in self.all("SELECT offset FROM events WHERE topic = ? AND offset <= ?", topic["name"], floor):
                    if row["offset"] not in kept:
                        self.db.execute("DELETE FROM events WHERE topic = ? AND offset = ?", (topic["name"], row["offset"]))


def text(value): return isinstance(value, str)
def number(value): return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < float("inf")
def integer(value): return number(value) and value == int(value) and abs(value) < 2**53
def natural(value): return integer(value) and value >= 0
def positive(value): return integer(value) and value >= 1
def topic_name(value): return text(value) and 1 <= len(value) <= 1024
def typed(value): return isinstance(value, dict) and text(value.get("type"))
def id_of(value): return text(value) and str(uuid.UUID(value)) == value.lower()
def shape(**fields): return lambda value: isinstance(value, dict) and all(
    is_it(value[name]) if name in value else optional for name, (is_it, optional) in fields.items())
def needs(is_it): return (is_it, False)
def may(is_it): return (is_it, True)
def several(is_it): return lambda value: isinstance(value, list) and all(map(is_it, value))


def unfit(value, left=200):
    """Nested too deep, or with a number beyond all numbers in it, as 1e400 is read."""
    if isinstance(value, float):
        return math.isinf(value)
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return inner is not None and (left == 0 or any(unfit(each, left - 1) for each in inner))


CURSOR = shape(epoch=needs(text), offset=needs(natural))
FRAMES = {
    "hello": shape(client_id=needs(id_of), app=needs(text), app_version=needs(integer), term=needs(natural), token=may(text),
                   max_frame_bytes=may(lambda value: integer(value) and value >= 1024)),
    "subscribe": shape(topic=needs(topic_name), ref=needs(natural), cursor=may(CURSOR),
                       last_seen=may(shape(offset=needs(natural), ts=needs(number)))),
    "resync_request": shape(topic=needs(topic_name), ref=needs(natural), cursor=may(CURSOR),
                            last_seen=needs(lambda value: value is None or number(value)), missed=may(lambda value: value is False)),
    "unsubscribe": shape(topic=needs(topic_name), ref=needs(natural)),
    "command": shape(id=needs(id_of), topic=may(topic_name), priority=needs(lambda value: value in ("high", "normal")),
                     created_at=needs(number), attempt=needs(positive), app_version=needs(integer), expires_at=may(number),
                     command=needs(typed)),
    "withdraw": shape(id=needs(id_of)),
    "ack": shape(topic=needs(topic_name), epoch=needs(text), offsets=needs(several(natural)),
                 failed=may(several(shape(offset=needs(natural), code=needs(text))))),
    "ping": shape(id=needs(integer)),
}


class BadFrame(Exception):
    pass


def refuse(constant):
    raise ValueError(f"{constant} is no JSON")


def frames_of(message):
    if not isinstance(message, str):
        raise BadFrame("a message that is not text")
    try:
        value = json.loads(message, parse_constant=refuse)
    except (ValueError, RecursionError):
        raise BadFrame("not JSON") from None
    for frame in value if isinstance(value, list) else [value]:
        if not isinstance(frame, dict) or not text(frame.get("type")):
            raise BadFrame("not an object with a string `type`")
        if frame["type"] not in FRAMES:
            continue  # of a later version
        try:
            is_well = FRAMES[frame["type"]](frame)
        except (ValueError, OverflowError):
            is_well = False
        if not is_well:
            raise BadFrame(f"a `{frame['type']}` with a missing or wrong field")
        yield frame


# The application. A handler gets the frame, and answers with the result and what is to be published with it.


class Refused(Exception):
    def __init__(self, code, message, retry=False):
        super().__init__(message)
        self.code, self.retry = code, retry


async def note(frame):
    return {"text": frame["command"]["text"]}, [line(frame)]


async def slow(frame):
    await asyncio.sleep(1)
    return frame["command"]["text"], [line(frame)]


async def refuse_always(frame):
    raise Refused("refused", "this command is never accepted")


async def later(frame):
    if frame["attempt"] == 1:
        raise Refused("later", "not at the first attempt", retry=True)
    return frame["command"]["text"], []


def line(frame):
    return {"topic": frame.get("topic", "any"), "event": {"type": "line", "text": frame["command"]["text"]}}


HANDLERS = {"note": note, "slow": slow, "refuse": refuse_always, "later": later}


def may_use(principal, topic):
    return topic != "forbidden"


class Server:
    def __init__(self, log, runs):
        self.log, self.runs = log, runs
        self.connections = {}  # (principal, client id) -> the one that counts
        self.fences = {}  # the same, of those that are gone: (term, when)
        self.tails = {}  # of each client and topic: the newest command in it
        self.running = {}  # (principal, id) -> the task that runs its handler
        self.newest = {}  # (principal, id) -> the newest task of it, running or waiting
        self.hellos, self.draining = 0, False

    def subscribed(self, topic):
        return [each for each in self.connections.values() if topic in each.given]

    def publish(self, publications, command=None):
        audience = lambda topic: [each.client for each in self.subscribed(topic)]
        for event in self.log.append(publications, audience, command):
            for connection in self.subscribed(event["topic"]):
                connection.give(event)

    def take_command(self, connection, frame):
        """Behind what came before it of its client and topic, and behind an earlier one of its id."""
        lane, key = (*connection.client, frame.get("topic")), (connection.client[0], frame["id"])
        before = [task for task in (self.tails.get(lane), self.newest.get(key)) if task]

        async def run():
            if before:
                await asyncio.wait(before)
            try:
                answer = await self.execute(connection, frame, key)
            finally:
                connection.waiting -= 1
            if answer:
                connection.say(**answer)
            for table, name in ((self.tails, lane), (self.newest, key)):
                if table.get(name) is task:
                    del table[name]
            return answer

        connection.waiting += 1
        task = asyncio.create_task(run())
        self.tails[lane] = self.newest[key] = task

    async def execute(self, connection, frame, key):
        """The answer; `None` where its connection may not run anything any more."""
        command, record = frame["command"], self.log.recall(*key)
        ended = self.ending(record, frame["id"])
        if ended:
            return ended
        never = {"ran": False} if record is None else {}
        nack = lambda code, message, **more: {
            "type": "command_nack", "id": frame["id"], "code": code, "message": message, "retry": False, **more}
        if frame.get("expires_at") is not None and self.log.now() > frame["expires_at"]:
            return nack("expired", "it arrived after its end", **never)
        if frame["app_version"] != APP_VERSION:
            return nack("unsupported_version", f"version {frame['app_version']} is not served", **never)
        if "topic" in frame and not may_use(connection.client[0], frame["topic"]):
            return nack("forbidden", f"you may not send commands to {frame['topic']}", **never)
        if command["type"] not in HANDLERS:
            return nack("unknown_command", f"there is no command {command['type']}", **never)
        if not text(command.get("text")) or unfit(command):
            return nack("invalid_command", "`text` is missing, or no string; or what is beside it does not fit", **never)
        if not connection.may_run or self.draining:
            return None
        self.log.record(*key, "begun", True)
        if self.runs:
            print(frame["id"], file=self.runs, flush=True)
        handler = self.running[key] = asyncio.ensure_future(HANDLERS[command["type"]](frame))
        try:
            result, publications = await handler
        except Refused as refused:
            return nack(refused.code, str(refused), retry=refused.retry)
        finally:
            if self.running.get(key) is handler:
                del self.running[key]
        if not connection.may_run:
            return None  # replaced: who replaced it sends the command again, and it runs then
        self.publish(publications, {"principal": key[0], "id": frame["id"], "result": json.dumps(result)})
        return {"type": "command_ack", "id": frame["id"], "result": result}

    def ending(self, record, id):
        if record and record["state"] == "accepted":
            return {"type": "command_ack", "id": id, "duplicate": True, "result": json.loads(record["result"])}
        if record and record["state"] == "cancelled":
            return {"type": "command_nack", "id": id, "code": "cancelled", "message": "it was withdrawn", "retry": False,
                    **({} if record["begun"] else {"ran": False})}

    async def withdraw(self, connection, id):
        key = (connection.client[0], id)
        while key in self.running:
            answer = await self.newest[key]
            if answer and answer["type"] == "command_nack" and not answer["retry"]:
                return connection.say(**answer)
        record = self.log.recall(*key)
        if not self.ending(record, id):
            # What of it waits finds this when its turn comes.
            self.log.record(*key, "cancelled", bool(record and record["begun"]))
        connection.say(**self.ending(self.log.recall(*key), id))

    def renew(self):
        self.log.renew()
        for connection in list(self.connections.values()):
            for topic in list(connection.given):
                connection.begin({"topic": topic, "ref": 0}, None, may_recover=False)

    async def drain(self):
        self.draining = True
        while self.newest:  # what runs is answered; what waits finds that nothing begins any more
            await asyncio.sleep(0.01)
        for connection in list(self.connections.values()):
            connection.goodbye("draining", "the server is going down", 1012, retry=True)
            await connection.closing


class Connection:
    def __init__(self, ws, server):
        self.ws, self.server, self.log = ws, server, server.log
        self.client, self.term, self.order = None, 0, 0
        self.max_bytes, self.may_run, self.closing = 2**24, True, None
        self.waiting = 0  # commands that are not answered
        self.given = {}  # topic -> the newest offset that the client was given
        self.repeats = {}  # (topic, offset) -> when it comes again, and after how long the next time

    def say(self, type, **fields):
        self.send(json.dumps({"type": type, **fields}, ensure_ascii=False))

    def send(self, frame):
        if self.closing:
            return
        websockets.broadcast([self.ws], frame)
        if self.ws.transport.get_write_buffer_size() > WAITING_BYTES:
            self.goodbye("overloaded", "too much is waiting to be read", 1013, retry=True)

    def goodbye(self, code, message, close_code, retry):
        if self.closing:
            return
        self.say("goodbye", code=code, message=message, retry=retry)
        self.leave()
        self.closing = self.closing or asyncio.create_task(self.ws.close(close_code))

    def leave(self):
        if self.client and self.server.connections.get(self.client) is self:
            del self.server.connections[self.client]
            self.server.fences[self.client] = (self.term, time.monotonic())
        self.given, self.repeats = {}, {}

    async def read(self):
        repeating = asyncio.create_task(self.repeat())
        try:
            opened = time.monotonic()
            while not self.closing:
                left = HELLO_S + opened - time.monotonic() if self.client is None else HEARTBEAT_MS * 2.5 / 1000
                message = await asyncio.wait_for(self.ws.recv(), max(left, 0.001))
                try:
                    for frame in frames_of(message):
                        if self.closing:
                            break
                        self.take(frame)
                except BadFrame as error:
                    self.goodbye("bad_frame", str(error), 1002, retry=True)
        finally:
            repeating.cancel()

    def take(self, frame):
        type = frame["type"]
        if (type == "hello") != (self.client is None):
            raise BadFrame("`hello` comes first, and once")
        getattr(self, f"take_{type}")(frame)

    def take_hello(self, frame):
        server = self.server
        if server.draining:
            return self.goodbye("draining", "the server is going down", 1012, retry=True)
        if frame["app"] != APP or frame["app_version"] != APP_VERSION:
            return self.goodbye("unsupported", f"this server is for {APP}, version {APP_VERSION}", 4400, retry=False)
        principal = TOKENS.get(frame.get("token"))
        if principal is None:
            return self.goodbye("unauthorized", "the token was not accepted", 4401, retry=True)
        client = (principal, frame["client_id"].lower())
        if self.log.owner(client[1], principal) != principal:
            return self.goodbye("identity_mismatch", "this client_id belongs to another person", 4403, retry=False)
        other, fence = server.connections.get(client), server.fences.pop(client, None)
        highest = other.term if other else fence[0] if fence and time.monotonic() - fence[1] < FENCE_S else 0
        if frame["term"] < highest:
            if fence:
                server.fences[client] = fence
            return self.goodbye("superseded", "a newer hub of this browser was here", 4409, retry=False)
        if other:
            other.may_run = False
            other.goodbye("superseded", "a newer connection of this browser took over", 4409, retry=False)
        self.client, self.term = client, frame["term"]
        self.max_bytes = frame.get("max_frame_bytes", self.max_bytes)
        server.connections[client] = self
        self.say("welcome", session=uuid.uuid4().hex, principal=principal, server_time=self.log.tell_time(),
                 dedupe_since=self.log.since(), heartbeat_ms=HEARTBEAT_MS, max_frame_bytes=MAX_FRAME,
                 app_version=APP_VERSION, capabilities=["expires_at", "withdraw"])

    def take_ping(self, frame):
        self.say("pong", id=frame["id"], server_time=self.log.now())

    def take_command(self, frame):
        if self.waiting >= COMMANDS:
            message = f"{self.waiting} commands are waiting; send it again later"
            return self.say("command_nack", id=frame["id"], code="overloaded", message=message, retry=True, retry_after_ms=1_000)
        self.server.take_command(self, frame)

    def take_withdraw(self, frame):
        asyncio.create_task(self.server.withdraw(self, frame["id"]))

    def take_unsubscribe(self, frame):
        self.stop(frame["topic"])

    def stop(self, topic):
        self.given.pop(topic, None)
        self.repeats = {key: repeat for key, repeat in self.repeats.items() if key[0] != topic}

    def take_ack(self, frame):
        topic, offsets = frame["topic"], frame["offsets"] + [each["offset"] for each in frame.get("failed", [])]
        if len(offsets) > OFFSETS_PER_ACK:
            raise BadFrame("too many offsets in one `ack`")
        if frame["epoch"] != self.log.epoch or not may_use(self.client[0], topic):
            return
        self.log.acknowledge(self.client, topic, offsets)
        for offset in offsets:
            self.repeats.pop((topic, offset), None)

    def take_subscribe(self, frame):
        self.begin(frame, frame.get("last_seen", {}).get("ts"), may_recover=True)

    def take_resync_request(self, frame):
        self.begin(frame, frame["last_seen"], may_recover=False)

    def begin(self, frame, last_seen, may_recover):
        topic, ref, cursor = frame["topic"], frame["ref"], frame.get("cursor")
        self.stop(topic)
        if not may_use(self.client[0], topic):
            message = f"you may not read {topic}"
            return self.say("error", code="forbidden", message=message, topic=topic, ref=ref, ended=True)
        if len(self.given) >= TOPICS:
            message = f"more than {TOPICS} topics on one connection"
            return self.say("error", code="rate_limited", message=message, topic=topic, ref=ref, ended=True)
        about = self.log.topic(topic)
        at = {"topic": topic, "ref": ref, "epoch": self.log.epoch, "offset": about["newest"]}
        seen = frame.get("last_seen") if may_recover else {"offset": cursor and cursor["offset"], "ts": last_seen}
        proof = seen["ts"] if cursor and seen and seen["offset"] == cursor["offset"] else None
        placed = cursor["offset"] if cursor and self.is_ours(about, cursor, proof) else None
        if may_recover and placed is not None and placed >= about["floor"]:
            self.say("subscribed", **at, recovered=True)
            self.given[topic] = answered = placed
            rows = self.log.events(topic, placed)
            self.log.owe(self.client, topic, rows)
            for row in rows:
                self.give(row)
        else:
            missed, truncated = (None, False) if frame.get("missed") is False else self.log.missed(
                topic, placed, last_seen if not may_recover or cursor else None)
            state = self.log.state(topic)
            self.log.owe(self.client, topic, [*state, *(missed or [])])
            self.say("subscribed", **at, recovered=False)
            self.snapshot({**at, "ts": about["ts"]}, state, missed, truncated)
            self.given[topic] = answered = about["newest"]
        for row in self.log.owed(self.client, topic):
            if row["offset"] <= answered:
                self.redeliver(row)

    def is_ours(self, about, cursor, ts):
        """Whether the cursor is of this history: by its epoch, and by the time of the event there if the client tells it."""
        offset = cursor["offset"]
        if cursor["epoch"] != self.log.epoch or offset > about["newest"]:
            return False
        if ts is None or offset == 0:
            return True
        row = self.log.one("SELECT ts FROM events WHERE topic = ? AND offset = ?", about["name"], offset)
        return row is not None and row["ts"] == ts

    def snapshot(self, at, state, missed, truncated):
        lists = {"events": [], **({} if missed is None else {"missed": []})}
        empty = json.dumps({"type": "snapshot", **at, "part": 10**9, "last": False, **lists, "truncated": True})
        room = self.max_bytes - len(empty.encode())
        part, left = 0, min(PART_BYTES, room)

        def say(last):
            more = {"truncated": True} if truncated else {}
            self.say("snapshot", **at, part=part, last=last, **lists, **more)

        for name, rows in (("events", state), ("missed", missed or [])):
            for row in rows:
                item = item_of(row)
                size = len(json.dumps(item, ensure_ascii=False).encode()) + 2
                if size > room:
                    self.too_large(row)
                    continue
                if size > left and any(lists.values()):
                    say(False)
                    part, left, lists = part + 1, min(PART_BYTES, room), {each: [] for each in lists}
                lists[name].append(item)
                left -= size
        say(True)

    def give(self, row):
        topic, prev = row["topic"], self.given.get(row["topic"])
        if prev is None or row["offset"] <= prev:
            return
        bridge = {} if prev == row["offset"] - 1 else {"prev": prev}
        if not self.send_event(row, **bridge):
            return self.too_large(row)
        self.given[topic] = row["offset"]
        if row["critical"]:
            self.plan(row, FIRST_REPEAT_S)

    def send_event(self, row, **more):
        ack = {"ack": True} if row["critical"] else {}
        frame = json.dumps({"type": "event", "topic": row["topic"], **item_of(row), **ack, **more}, ensure_ascii=False)
        if len(frame.encode()) > self.max_bytes:
            return False
        self.send(frame)
        return True

    def too_large(self, row):
        message = f"event {row['offset']} does not fit into {self.max_bytes} bytes, and is left out"
        self.say("error", code="too_large", message=message, topic=row["topic"], ended=False)

    def redeliver(self, row, delay=FIRST_REPEAT_S):
        if self.send_event(row, redelivery=True):
            self.plan(row, delay)

    def plan(self, row, delay):
        self.repeats[row["topic"], row["offset"]] = (time.monotonic() + delay, delay)

    async def repeat(self):
        while True:
            await asyncio.sleep(0.25)
            due = {key: delay for key, (at, delay) in self.repeats.items() if at <= time.monotonic()}
            for topic in {topic for topic, _ in due}:
                for row in self.log.owed(self.client, topic):
                    if (topic, row["offset"]) in due:
                        self.redeliver(row, min(2 * due.pop((topic, row["offset"])), LONGEST_REPEAT_S))
            for key in due:  # acknowledged meanwhile
                if self.repeats.get(key, (time.monotonic() + 1,))[0] <= time.monotonic():
                    self.repeats.pop(key, None)


def item_of(row):
    item = {"offset": row["offset"], "ts": row["ts"]}
    if row["key"] is not None:
        item["key"] = row["key"]
    if row["gone"]:
        item["gone"] = True
    return {**item, "event": json.loads(row["event"])}


async def serve_client(ws, server):
    if ws.subprotocol != SUBPROTOCOL:
        return await ws.close(4400, f"this is {SUBPROTOCOL}")
    connection = Connection(ws, server)
    try:
        await connection.read()
    except asyncio.TimeoutError:
        if connection.client is None:
            connection.goodbye("bad_frame", f"no hello within {HELLO_S} s", 1002, retry=True)
    except websockets.ConnectionClosed:
        pass
    connection.leave()
    if connection.closing:
        await connection.closing


async def read_publications(server):
    reader = asyncio.StreamReader(limit=2**24)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while text_line := await reader.readline():
        asked = json.loads(text_line)
        if asked.get("renew"):
            server.renew()
            print("{}", flush=True)
            continue
        kind = lambda event: ("gone" if event.get("gone") else "state") if "key" in event else "line"
        server.publish([
            {**event, "topic": asked["topic"], "event": {"type": kind(event), "text": event["text"]}} for event in asked["events"]])
        print("{}", flush=True)


async def tell_time(server):
    """So often that a backup from before is noticed by the mark."""
    while True:
        await asyncio.sleep(1)
        if server.connections:
            server.log.tell_time()


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=8700)
    parser.add_argument("--database", default="full.db")
    parser.add_argument("--runs")
    options = parser.parse_args()
    log = Log(options.database)
    server = Server(log, open(options.runs, "a") if options.runs else None)
    over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    serve = lambda ws: serve_client(ws, server)
    async with websockets.serve(serve, "127.0.0.1", options.port, subprotocols=[SUBPROTOCOL], max_size=MAX_FRAME) as listening:
        print(f"listening on ws://127.0.0.1:{listening.sockets[0].getsockname()[1]}/", flush=True)
        reading = asyncio.create_task(read_publications(server))
        telling = asyncio.create_task(tell_time(server))
        while not over.is_set():
            log.prune()
            try:
                await asyncio.wait_for(over.wait(), 60)
            except asyncio.TimeoutError:
                pass
        reading.cancel()
        telling.cancel()
        await server.drain()
        log.tell_time()


if __name__ == "__main__":
    asyncio.run(main())
