/**
 * A contender's server in a process of its own, which does what its parent asks: `node main.ts KIND [LOG]`, where LOG is the
 * file in which it keeps what it remembers.
 */
import { now } from '../shared/clock.ts';
import { insertAlone } from './bare-sqlite.ts';
import type { BenchServer, ServerKind } from './contract.ts';
import type { CreateFeed } from './feed.ts';
import { Line } from './line.ts';
import { Publisher } from './publisher.ts';
import { serveCalls } from './remote.ts';
import { socketIoFeed } from './socket-io.ts';
import { trunklineFeed } from './trunkline.ts';
import { webSocketFeed } from './websocket.ts';

const FEEDS: Readonly<Record<ServerKind, CreateFeed>> = {
  trunkline: trunklineFeed,
  websocket: webSocketFeed,
  'socket.io': socketIoFeed,
};

const [kind, logFile] = process.argv.slice(2);
const create = FEEDS[kind as ServerKind];
const line = new Line();
let commands: number[] = [];
let commandedAt = 0;
const feed = await create((n) => {
  commands.push(n);
  commandedAt = now();
}, logFile);
const publisher = new Publisher(feed);
feed.attach(line.http);

serveCalls<BenchServer>({
  listen: (port) => line.listen(port),
  next: () => publisher.next,
  burst: (burst) => publisher.burst(burst),
  steady: (steady) => publisher.steady(steady),
  play: (script) => publisher.play(script),
  usage() {
    const { user, system } = process.cpuUsage();
    return { cpuMs: (user + system) / 1_000, rssBytes: process.memoryUsage.rss(), ...line.usage() };
  },
  cut: () => line.cut(),
  restore: () => line.restore(),
  acceptedAt: () => line.acceptedAt,
  commands: () => ({ numbers: commands, lastAt: commandedAt }),
  forgetCommands() {
    commands = [];
  },
  state: () => publisher.state(),
  insertAlone(count) {
    if (logFile === undefined) throw new Error('this server was given no file');
    return insertAlone(`${logFile}-alone`, count);
  },
});
