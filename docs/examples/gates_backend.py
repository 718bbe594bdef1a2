"""A backend behind `trunkline serve`: people decide gates in their browsers, this program keeps the decisions.

    python3 gates_backend.py --secret-file backend.secret [--port 9000] [--database gates.db]
        [--gateway http://127.0.0.1:8701 --key-file control.key]

It needs nothing but Python 3.9. It is asked by the gateway at POST /trunkline, and opens a gate for whoever asks, at POST /gates:

    curl -d '{"gateId": "release-7", "topic": "run"}' http://127.0.0.1:9000/gates
"""
import argparse, base64, contextlib, hashlib, hmac, http.client, json, sqlite3, threading, time, urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOLERANCE_S, MAX_BODY = 300, 2**20

SCHEMA = """
CREATE TABLE IF NOT EXISTS gates (id TEXT PRIMARY KEY, topic TEXT NOT NULL, state TEXT NOT NULL, decided_by TEXT,
  told INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, status INTEGER NOT NULL, body TEXT NOT NULL, at INTEGER NOT NULL);
"""


class Refused(Exception):
    """For good: the person is told the code and the message."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class Backend:
    def __init__(self, database, secret, gateway, publish_key):
        self.database, self.gateway, self.publish_key = database, gateway, publish_key
        # While a new secret takes the place of an old one there are two of them.
        self.keys = [base64.b64decode(one.removeprefix("whsec_")) for one in secret.split()]
        self.something_to_tell = threading.Event()
        with contextlib.closing(sqlite3.connect(database)) as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.executescript(SCHEMA)

    @contextlib.contextmanager
    def transaction(self):
        """All of it, or none: what raises ends it without a commit."""
        with contextlib.closing(sqlite3.connect(self.database, timeout=30, isolation_level=None)) as db:
            db.execute("PRAGMA synchronous = FULL")  # what was answered survives a power cut
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.execute("COMMIT")

    def is_signed(self, headers, body):
        """As Standard Webhooks have it. One of the signatures has to fit; none may be much older or newer than now."""
        id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        if not timestamp.isdecimal() or abs(time.time() - int(timestamp)) > TOLERANCE_S:
            return False
        signed = f"{id}.{timestamp}.".encode() + body
        given = [one[3:] for one in headers.get("webhook-signature", "").split(" ") if one.startswith("v1,")]
        expected = [base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode() for key in self.keys]
        return any([hmac.compare_digest(one.encode(), other.encode()) for one in given for other in expected])

    def answer(self, asked):
        """Runs a command once. Whoever asks again, as the gateway does when an answer is lost, is given the same answer."""
        key = asked["idempotency_key"]
        with self.transaction() as db:
            known = db.execute("SELECT status, body FROM answers WHERE key = ?", (key,)).fetchone()
            if known:
                return known
            try:
                status, answer = 200, self.run(db, asked)
            except Refused as refusal:
                status, answer = 409, {"code": refusal.code, "message": str(refusal)}
            # With its key nobody can take it for the answer to another command.
            body = json.dumps({"idempotency_key": key, **answer})
            db.execute("INSERT INTO answers VALUES (?, ?, ?, ?)", (key, status, body, int(time.time())))
            return status, body

    def run(self, db, asked):
        command = asked["command"]
        if command["type"] != "decide":
            raise Refused("unknown_command", f"There is no command {command['type']}.")
        id, verdict, person = command.get("gateId"), command.get("verdict"), asked["principal"]
        if not isinstance(id, str) or verdict not in ("approved", "rejected"):
            raise Refused("invalid_command", "It needs a gateId, and a verdict: approved or rejected.")
        gate = db.execute("SELECT topic, state FROM gates WHERE id = ?", (id,)).fetchone()
        if gate is None or gate[0] != asked["topic"]:
            raise Refused("unknown_gate", "There is no such gate.")
        topic, state = gate
        if state != "open":
            raise Refused("gate_closed", f"The gate is {state} already.")
        db.execute("UPDATE gates SET state = ?, decided_by = ? WHERE id = ?", (verdict, person, id))
        # Published together with the command's id: once, or not at all.
        return {"result": {"gateId": id, "state": verdict}, "publish": [event(topic, id, verdict, person)]}

    def open(self, id, topic):
        with self.transaction() as db:
            db.execute("INSERT OR IGNORE INTO gates (id, topic, state) VALUES (?, ?, 'open')", (id, topic))
        self.something_to_tell.set()

    def tell(self):
        """Publishes what happened without a command. Stored first, told until it is known to be told."""
        while True:
            self.something_to_tell.wait()
            self.something_to_tell.clear()
            with self.transaction() as db:
                untold = db.execute("SELECT id, topic FROM gates WHERE told = 0 AND state = 'open'").fetchall()
            for id, topic in untold:
                try:
                    self.publish([event(topic, id, "open")], f"opened {id}")
                except (OSError, http.client.HTTPException) as error:
                    print(f"publishing gate {id}: {error}; again in a second", flush=True)
                    time.sleep(1)
                    self.something_to_tell.set()
                    continue
                with self.transaction() as db:
                    db.execute("UPDATE gates SET told = 1 WHERE id = ?", (id,))

    def publish(self, events, key):
        """The same key again publishes nothing again."""
        headers = {"content-type": "application/json", "idempotency-key": key}
        if self.publish_key:
            headers["authorization"] = f"Bearer {self.publish_key}"
        body = json.dumps({"events": events}).encode()
        request = urllib.request.Request(f"{self.gateway}/publish", body, headers)
        urllib.request.urlopen(request, timeout=10).close()


def event(topic, id, state, person=None):
    fields = {"gateId": id, "state": state, **({"by": person} if person else {})}
    # The newest event of a key is its state; a critical one is repeated until a page has taken it.
    return {"topic": topic, "key": f"gate:{id}", "critical": True, "event": {"type": "gate", **fields}}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # keeps the connection
    timeout = 60

    def do_POST(self):
        backend = self.server.backend
        length = self.headers.get("content-length", "")
        if not length.isdecimal() or int(length) > MAX_BODY:
            self.close_connection = True
            return self.say(413, {})
        body = self.rfile.read(int(length))
        try:
            if self.path == "/gates":
                gate = json.loads(body)
                backend.open(gate["gateId"], gate["topic"])
                self.say(202, gate)
            elif self.path != "/trunkline":
                self.say(404, {})
            elif not backend.is_signed(self.headers, body):
                self.say(401, {})  # before anything of it is believed
            else:
                self.say(*backend.answer(json.loads(body)))
        except (ValueError, KeyError, TypeError) as error:
            self.say(400, {"message": f"this could not be read: {error!r}"})

    def say(self, status, body):
        body = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def read(path):
    with open(path) as file:
        return file.read().strip()


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--port", type=int, default=9000)
    arguments.add_argument("--database", default="gates.db")
    arguments.add_argument("--secret-file", required=True)
    arguments.add_argument("--gateway", default="http://127.0.0.1:8701")
    arguments.add_argument("--key-file")
    given = arguments.parse_args()
    publish_key = read(given.key_file) if given.key_file else ""
    backend = Backend(given.database, read(given.secret_file), given.gateway, publish_key)
    server = Server(("127.0.0.1", given.port), Handler)
    server.backend = backend
    backend.something_to_tell.set()  # what the process before this one has not told
    threading.Thread(target=backend.tell, daemon=True).start()
    print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        server.serve_forever()


if __name__ == "__main__":
    main()
