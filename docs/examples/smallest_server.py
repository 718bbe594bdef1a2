"""The smallest server of trunkline.v1 (docs/protocol.md): no history, no critical events, command ids in a map.

    python3 smallest_server.py [port, default 8765; 0 takes a free one] [milliseconds between events, default 1000]

It needs the package `websockets`, 10.4 or later. A real server checks the Origin header and the token as well.
"""
import asyncio, http, json, sys, time, uuid
import websockets

SUBPROTOCOL, TOPIC, HELLO_S, HEARTBEAT_MS, FENCE_S = "trunkline.v1", "machines", 10, 30_000, 600


newest_time = 0


def now():  # never runs backwards, also where somebody sets the clock
    global newest_time
    newest_time = max(newest_time, time.time_ns() // 1_000_000)
    return newest_time


STARTED, EPOCH = now(), uuid.uuid4().hex  # offsets begin anew in each process, so each is an epoch of its own
machines = {name: {"on": True, "temperature": 20} for name in ("press", "lathe", "saw")}
newest = {"offset": 0, "ts": STARTED}
state = {}  # key -> its newest item, in the order of the offsets
results = {}  # command id -> its result: every one since STARTED, as `dedupe_since` promises
connections = {}  # client_id -> the one connection whose commands run
gone = {}  # client_id -> the term of its last connection, and when that ended; the longest gone first


def an_int(value):
    if type(value) is not int or abs(value) >= 2**53:
        raise ValueError("not an integer up to 2^53 - 1")
    return value


def no_json(constant):  # Python reads NaN and Infinity, which are no JSON
    raise ValueError(f"{constant} is no JSON")


def publish(name):
    newest.update(offset=newest["offset"] + 1, ts=max(newest["ts"], now()))  # `ts` never decreases
    key, event = f"machine:{name}", {"type": "machine", "name": name, **machines[name]}
    state.pop(key, None)
    state[key] = {**newest, "key": key, "event": event}
    for connection in connections.values():
        if connection.subscribed:
            connection.say("event", topic=TOPIC, **state[key])


class Connection:
    def __init__(self, ws):
        self.ws, self.client_id, self.term, self.subscribed, self.closing = ws, None, 0, False, None

    def say(self, type, **fields):
        # `broadcast` writes at once, so that frames keep their order and no client waits for another. One that does
        # not read fails the library's own ping within 40 s, and is dropped with all that waits for it.
        websockets.broadcast([self.ws], json.dumps({"type": type, **fields}, allow_nan=False))

    def goodbye(self, code, message, close_code, retry):
        self.say("goodbye", code=code, message=message, retry=retry)
        self.leave()
        self.closing = asyncio.create_task(self.ws.close(close_code))  # from here on nothing that arrives is run

    def leave(self):
        if connections.get(self.client_id) is not self:
            return
        del connections[self.client_id]
        gone.pop(self.client_id, None)
        gone[self.client_id] = self.term, time.monotonic()
        while next(iter(gone.values()))[1] < time.monotonic() - FENCE_S:
            del gone[next(iter(gone))]

    async def read(self):
        while not self.closing:
            seconds = HELLO_S if self.client_id is None else HEARTBEAT_MS * 2.5 / 1000
            text = await asyncio.wait_for(self.ws.recv(), seconds)
            try:
                frames = json.loads(text, parse_constant=no_json) if isinstance(text, str) else [None]
                for frame in frames if isinstance(frames, list) else [frames]:
                    if not self.closing:
                        self.take(frame["type"], frame)
            except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
                self.goodbye("bad_frame", f"{type(error).__name__}: {error}", 1002, retry=True)

    def take(self, type, frame):
        if not isinstance(type, str):
            raise ValueError("`type` is no string")
        if (type == "hello") != (self.client_id is None):
            raise ValueError("`hello` comes first, and once")
        if type == "hello":
            if an_int(frame.get("max_frame_bytes", 1024)) < 1024:
                raise ValueError("`max_frame_bytes` is below 1024")
            self.hello(str(uuid.UUID(frame["client_id"])), an_int(frame["term"]))
        elif type in ("subscribe", "resync_request"):
            self.subscribe(frame["topic"], an_int(frame["ref"]))
        elif type == "unsubscribe" and frame["topic"] == TOPIC:
            self.subscribed = False
        elif type == "command":
            uuid.UUID(frame["id"])  # raises where it is none
            self.command(frame["id"], frame["command"])
        elif type == "ping":
            self.say("pong", id=an_int(frame["id"]))

    def hello(self, client_id, term):
        self.client_id, self.term, other = client_id, term, connections.get(client_id)
        term_before, ended_at = (other.term, time.monotonic()) if other else gone.get(client_id, (0, 0))
        if term < term_before and time.monotonic() < ended_at + FENCE_S:
            return self.goodbye("superseded", "a newer hub of this browser is connected", 4409, retry=False)
        if other:
            other.goodbye("superseded", "a newer connection of this browser took over", 4409, retry=False)
        connections[client_id] = self
        self.say("welcome", session=uuid.uuid4().hex, principal="anyone", server_time=now(),
                 dedupe_since=STARTED, heartbeat_ms=HEARTBEAT_MS, max_frame_bytes=2**20)

    def subscribe(self, topic, ref):
        if not isinstance(topic, str) or not 1 <= len(topic) <= 1024:
            raise ValueError("`topic` is no name of 1 to 1024 characters")
        if topic != TOPIC:
            message = f"there is only the topic {TOPIC}"
            return self.say("error", code="unknown_topic", message=message, topic=topic, ref=ref, ended=True)
        at = {"topic": topic, "ref": ref, "epoch": EPOCH, "offset": newest["offset"]}
        self.say("subscribed", **at, recovered=False)
        self.say("snapshot", **at, ts=newest["ts"], part=0, last=True, events=list(state.values()))
        self.subscribed = True

    def command(self, id, command):  # without an `await`: in the order of arrival, each finished before the next
        name, on = command.get("machine"), command.get("on")
        if id in results:
            self.say("command_ack", id=id, duplicate=True, result=results[id])
        elif command["type"] != "switch" or name not in list(machines) or not isinstance(on, bool):
            self.say("command_nack", id=id, code="invalid", message="no such command or machine", retry=False)
        else:
            machines[name]["on"], results[id] = on, {"machine": name, "on": on}
            publish(name)
            self.say("command_ack", id=id, result=results[id])


async def check(first, second):  # the connection and its request; before `websockets` 14 the path and the headers
    is_old = isinstance(first, str)
    path, headers = (first, second) if is_old else (second.path, second.headers)
    offered = ",".join(headers.get_all("Sec-WebSocket-Protocol")).split(",")
    if path.split("?")[0] == "/ws" and SUBPROTOCOL in map(str.strip, offered):
        return None
    text = f"This is {SUBPROTOCOL} at /ws.\n"
    return (http.HTTPStatus.BAD_REQUEST, [], text.encode()) if is_old else first.respond(http.HTTPStatus.BAD_REQUEST, text)


async def serve_client(ws):
    connection = Connection(ws)
    try:
        await connection.read()
    except asyncio.TimeoutError:
        if connection.client_id is None:
            connection.goodbye("bad_frame", f"no hello within {HELLO_S} s", 1002, retry=True)
    except websockets.ConnectionClosed:
        pass
    connection.leave()
    if connection.closing:
        await connection.closing


async def main(port=8765, every_ms=1_000):
    async with websockets.serve(serve_client, "127.0.0.1", port, subprotocols=[SUBPROTOCOL], process_request=check, max_size=2**20) as server:
        print(f"listening on ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ws", flush=True)
        for name in machines:
            publish(name)
        while True:
            for name, machine in machines.items():
                await asyncio.sleep(every_ms / 1000)
                machine["temperature"] = 20 + (machine["temperature"] - 19) % 60 if machine["on"] else 20
                publish(name)


if __name__ == "__main__":
    try:
        asyncio.run(main(*map(int, sys.argv[1:3])))
    except KeyboardInterrupt:
        pass
