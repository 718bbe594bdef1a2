import type { HubReport } from '../../../src/index.ts';
import type { Who } from '../people.ts';
import type { World } from '../world.ts';

/** What a snapshot's `missed` may hold. */
const HELD_LIMIT = 8;
/** Five nodes, three gates, and what is counted. */
const KEYS = 9;

/** The hub of a person is there, knows its tabs, and holds no more than it needs. */
export async function judgeHub({ tabs, clock, isRoomy, problems }: World, who: Who): Promise<void> {
  const own = tabs.filter((tab) => tab.who === who);
  const [tab] = own;
  if (!tab) return;
  let report: HubReport | string | undefined;
  tab.client.inspect().then(
    (answer) => {
      report = answer;
    },
    (error) => {
      report = String(error);
    },
  );
  await clock.settle();
  if (report === undefined) return void problems.push('the hub does not answer');
  if (typeof report === 'string') return void problems.push(`the hub does not say how it is: ${report}`);
  if (report.connection.state !== 'open')
    problems.push(`the connection is ${JSON.stringify(report.connection)}`);
  if (report.tabs.length !== own.length)
    problems.push(`the hub knows ${report.tabs.length} tabs, and there are ${own.length}`);
  if (report.storage.state !== 'ok') problems.push(`the storage is ${JSON.stringify(report.storage)}`);
  if (report.sockets.live !== 1) problems.push(`${report.sockets.live} sockets are live`);
  for (const { name, queued, unacknowledged, keys, tail } of report.topics) {
    if (queued > 0) problems.push(`${queued} events of ${name} still wait in the hub`);
    // A page failed on an event that an earlier one had taken: the hub keeps it for the next page; the server is content.
    if (unacknowledged > HELD_LIMIT) problems.push(`${unacknowledged} critical events of ${name} are held`);
    if (keys > KEYS || tail > (isRoomy ? 500 : 4))
      problems.push(`the hub keeps ${keys} keys and ${tail} others of ${name}`);
  }
}

/** Each person who has a page has one socket. */
export function judgeSockets({ network, tabs, isPlain, problems }: World): void {
  const wanted = new Set(tabs.map(({ who }) => who)).size;
  const wires = network.wires.filter(({ isAccepted, isHeld }) => {
    // A plain server does not notice that a line is dead.
    return isAccepted && (isHeld || !isPlain);
  });
  if (wires.length !== wanted)
    problems.push(`${wires.length} sockets are open at the server, for ${wanted} people`);
}
