"""Starts a server, and starts, ends and asks it as `trunkline conformance` wants it (docs/conformance.md):

    python3 control.py --port 8701 --memory /tmp/my.db --runs /tmp/my.runs -- node my_server.js --port 8700 …

The server prints a line that begins with `listening` when it listens. It gets each publication as a line of JSON on its
standard input, and answers with a line `{}` when it is published; `{"renew": true}` asks it for new epochs. It adds the id of a
command to the file of `--runs`, with a line break, when a handler of it begins. What it remembers is in the files whose names
begin with `--memory`, of which a backup holds all but that of `--mark`.
"""
import argparse, glob, json, os, shutil, signal, subprocess, sys, tempfile, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, default=0)
parser.add_argument("--memory")
parser.add_argument("--mark")
parser.add_argument("--runs")
parser.add_argument("command", nargs="+")
options = parser.parse_args()

server = None
copy = None  # the folder of the newest copy of the memory
telling = threading.Lock()  # one line, one answer


def start(memory):
    global server
    if memory == "lost":
        for file in remembered():
            os.remove(file)
    if memory == "restored":
        restore()
    server = subprocess.Popen(options.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    return answer("listening")


def answer(beginning):
    for line in server.stdout:
        if line.startswith(beginning):
            return line.strip()
    raise RuntimeError(f"the server has ended with {server.wait()}")


def end(how):
    server.send_signal(how)
    server.wait()


def remembered():
    return glob.glob(glob.escape(options.memory) + "*") if options.memory else []


def in_backup():
    return [file for file in remembered() if file != options.mark]


def back_up():
    global copy
    if server.poll() is None:
        raise RuntimeError("the server runs")
    copy = tempfile.TemporaryDirectory()
    for file in in_backup():
        shutil.copy(file, copy.name)


def restore():
    if copy is None:
        raise RuntimeError("there is no backup")
    for file in in_backup():
        os.remove(file)
    for name in os.listdir(copy.name):
        shutil.copy(os.path.join(copy.name, name), os.path.dirname(options.memory))


def tell(line):
    with telling:
        server.stdin.write(json.dumps(line) + "\n")
        server.stdin.flush()
        told = json.loads(answer("{"))
    if "error" in told:
        raise RuntimeError(told["error"])


def runs(id):
    with open(options.runs) as file:
        return {"runs": file.read().split("\n").count(id)}


class Control(BaseHTTPRequestHandler):
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or "{}")
        self.do({
            "/publish": lambda: tell(asked),
            "/renew": lambda: tell({"renew": True}),
            "/kill": lambda: end(signal.SIGKILL),
            "/stop": lambda: end(signal.SIGTERM),
            "/start": lambda: start(asked["memory"]) and None,
            "/backup": back_up,
        })

    def do_GET(self):
        self.do({"/runs": lambda: runs(parse_qs(urlparse(self.path).query)["id"][0])})

    def do(self, actions):
        try:
            status, body = 200, json.dumps(actions[urlparse(self.path).path]())
        except Exception as error:
            status, body = 500, f"{type(error).__name__}: {error}"
        self.send_response(status)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


if options.runs:
    open(options.runs, "a").close()
listening = start("kept")
http = ThreadingHTTPServer(("127.0.0.1", options.port), Control)
http.daemon_threads = True
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
print(f"control on http://127.0.0.1:{http.server_port}; {listening}", flush=True)
try:
    http.serve_forever()
except KeyboardInterrupt:
    pass
finally:
    server.kill()
