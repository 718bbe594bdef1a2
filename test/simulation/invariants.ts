import { isDeepStrictEqual } from 'node:util';
import { TOPICS } from './protocol.ts';
import type { Sent, SimTab } from './tab.ts';
import type { World } from './world.ts';

/** What must hold at any moment. */
export function during(world: World): void {
  const { storeEverFailed, everSomeoneElse, server, sent, disk, credited, problems } = world;
  const runs = new Map<string, number>();
  for (const { n, principal } of server.accepted) {
    // A hub without its store does not know whose outbox it was.
    const command = storeEverFailed ? `${n} of ${principal}` : String(n);
    runs.set(command, (runs.get(command) ?? 0) + 1);
  }
  for (const [n, times] of runs) if (times > 1) problems.push(`command ${n} was accepted ${times} times`);
  // A hub without its store, or a stranger's server, knows the browser by another name.
  if (server.connections > 1 && !storeEverFailed && !everSomeoneElse) {
    problems.push(`the server takes commands from ${server.connections} connections of one browser`);
  }
  for (const { topic, epoch, offset } of disk.cursors.values()) {
    const reached = credited.get(`${topic} ${epoch}`) ?? 0;
    if (offset > reached)
      problems.push(`the cursor of ${topic} is stored at ${offset}, credited is ${reached}`);
  }
  if (sent.length > 10_000) problems.push('the schedule sends without end');
}

/** What must hold when all faults are over, and everything has come to rest. */
export async function atRest(world: World): Promise<void> {
  for (const sent of world.sent) judgeCommand(world, sent);
  judgeOrder(world);
  for (const tab of world.tabs)
    for (const topic of TOPICS) {
      await judgePage(world, tab, topic);
      await judgeMissed(world, tab, topic);
    }
  for (const tab of world.allTabs) judgeSeen(world, tab);
  await judgeCriticals(world);
  await judgeMemory(world);
  world.problems.push(...world.server.errors);
  for (const { errors } of world.allTabs)
    world.problems.push(...errors.filter((error) => !/storage_unavailable/.test(error)));
}

/** What a snapshot's `missed` may hold. */
const HELD_LIMIT = 8;
const NEVER_SENT: readonly string[] = ['expired', 'dropped', 'cancelled'];

function judgeCommand(
  { clockEverJumped, workerEverStuck, server, disk, handedOver, touched, lostRelaxed, problems }: World,
  sent: Sent,
): void {
  const { n, command, state } = sent;
  const about = `command ${n} (${command})`;
  const run = server.accepted.find((accepted) => accepted.n === n);
  if (state.is === 'refused') {
    // A page that gave a stuck worker up says that it does not know.
    const isUnknown = state.code === 'hub_lost' && workerEverStuck;
    if (run && !isUnknown) problems.push(`${about} was refused to the page (${state.code}), and ran`);
    return;
  }
  const row = [...disk.entries.values()].find((entry) => entry.command['n'] === n);
  const kept = [...disk.outcomes.values()].find((outcome) => outcome.command['n'] === n)?.outcome;
  const id = row?.id ?? ('id' in state ? state.id : run?.id);
  // A person may have sent again what had ended: the receipt tells of the first time.
  const isTouched = id !== undefined && touched.has(id);
  const outcome = state.is === 'settled' && !isTouched ? state.outcome : kept;
  // What the server has refused for good never ran; a person who retries it may take that back.
  const isRefused = isTouched && server.refused.has(n);
  const isHandedOver = id !== undefined && handedOver.has(id) && !isRefused;
  if (row?.fate.state === 'pending') problems.push(`${about} is still pending`);
  if (row && isHandedOver && NEVER_SENT.includes(row.fate.state)) {
    problems.push(`${about} may have been sent, and is called ${row.fate.state}`);
  }
  if (outcome && isHandedOver && NEVER_SENT.includes(outcome.status)) {
    problems.push(`${about} may have been sent, and its outcome is ${outcome.status}`);
  }
  if (outcome?.status === 'accepted' && !run) problems.push(`${about} is called accepted, and never ran`);
  if (outcome && run && outcome.status !== 'accepted' && outcome.status !== 'uncertain') {
    problems.push(`${about} ran, and is called ${outcome.status}`);
  }
  if (
    (row?.fate.state === 'uncertain' || outcome?.status === 'uncertain') &&
    server.amnesias === 0 &&
    !clockEverJumped
  ) {
    problems.push(`${about} is uncertain, though the server never forgot`);
  }
  const isDurable = 'durable' in state && state.durable && !(lostRelaxed.has(n) && command !== 'decide');
  const isKnown = run || row || outcome || server.refused.has(n) || isTouched;
  if (isDurable && !isKnown) problems.push(`${about} is lost, though it was durable`);
}

/** In the order of their arrival, for each tab, topic and priority. */
function judgeOrder({ server, sent, touched, storeEverFailed, problems }: World): void {
  // A hub that cannot read what an earlier one stored sends what comes, and that later.
  if (storeEverFailed) return;
  const position = new Map(server.accepted.map(({ n }, index) => [n, index]));
  for (const [i, first] of sent.entries()) {
    const second = sent
      .slice(i + 1)
      .find(
        (other) => other.tab === first.tab && other.topic === first.topic && isHigh(other) && isHigh(first),
      );
    if (!second || !('id' in first.state) || !('id' in second.state)) continue;
    if (touched.has(first.state.id) || touched.has(second.state.id)) continue;
    const [a, b] = [position.get(first.n), position.get(second.n)];
    if (a !== undefined && b !== undefined && a > b) {
      problems.push(`command ${second.n} was accepted before command ${first.n}, which was sent first`);
    }
  }
}

const isHigh = ({ command }: Sent) => command === 'decide' || command === 'later';

async function judgePage({ server, problems }: World, tab: SimTab, topic: string): Promise<void> {
  const state = await server.log.state(topic);
  const about = `tab ${tab.number}, topic ${topic}:`;
  const status = tab.client.topic(topic).status.get();
  if (status.state !== 'live' || status.offset !== state.offset || status.epoch !== state.epoch) {
    problems.push(
      `${about} ${JSON.stringify(status)}, but the server is at ${state.offset} of ${state.epoch}`,
    );
    return;
  }
  const keyed = state.events
    .filter(({ key }) => key !== null)
    .map(({ key, event }) => [key, JSON.parse(event)]);
  const wanted = Object.fromEntries(keyed);
  const shown = tab.state(topic);
  if (!isDeepStrictEqual(shown, wanted)) {
    problems.push(`${about} shows ${JSON.stringify(shown)} instead of ${JSON.stringify(wanted)}`);
  }
  const nodes = Object.fromEntries(
    keyed.flatMap(([, event]) => (event.type === 'node' ? [[event.id, event]] : [])),
  );
  const folded = tab.folded(topic);
  if (!isDeepStrictEqual(folded, nodes)) {
    problems.push(`${about} folds to ${JSON.stringify(folded)} instead of ${JSON.stringify(nodes)}`);
  }
}

/** No listener is given an offset twice, or one out of order, but for repeats of critical events. */
function judgeSeen({ problems }: World, { number, seen }: SimTab): void {
  for (const topic of TOPICS) {
    let last = { ts: 0, offset: 0 };
    for (const event of seen) {
      if (event.topic !== topic || event.critical) continue;
      if (event.ts < last.ts || (event.ts === last.ts && event.offset <= last.offset)) {
        problems.push(`tab ${number} was given ${event.offset} of ${topic} after ${last.offset}`);
      }
      last = event;
    }
  }
}

async function judgeCriticals({ server, disk, problems, tabs, acknowledged }: World): Promise<void> {
  for (const topic of TOPICS) {
    const owed = await server.log.owed({ principal: 'ann', clientId: disk.clientId }, topic);
    if (owed.length > 0 && tabs.length > 0) {
      problems.push(`critical events ${owed.map(({ offset }) => offset)} of ${topic} were forgotten`);
    }
    const { epoch } = await server.log.state(topic);
    for (const event of server.owed) {
      if (event.topic !== topic || event.epoch !== epoch || !event.clientIds.includes(disk.clientId))
        continue;
      if (acknowledged.has(`${topic} ${epoch} ${event.offset}`)) continue;
      problems.push(`critical event ${event.offset} of ${topic} was owed, and never acknowledged`);
    }
  }
}

/** A page that lived to the end was given every event without a key that came after it had begun, or told of its loss. */
async function judgeMissed({ server, isRoomy, problems }: World, tab: SimTab, topic: string): Promise<void> {
  if (!isRoomy || server.amnesias > 0) return;
  const status = tab.client.topic(topic).status.get();
  const dropped = 'dropped' in status ? status.dropped : 0;
  const begun = tab.begunAt.get(topic);
  if (begun === undefined) return;
  const { events } = await server.log.read(topic, { after: begun }, { first: 100_000 });
  const given = new Set(tab.seen.filter((seen) => seen.topic === topic).map(({ offset }) => offset));
  const missing = events.filter(
    ({ key, critical, offset }) => key === null && !critical && !given.has(offset),
  );
  if (missing.length > dropped) {
    const offsets = missing.map(({ offset }) => offset);
    problems.push(`tab ${tab.number} was never given ${offsets} of ${topic}, and told of ${dropped} losses`);
  }
}

async function judgeMemory({ tabs, clock, network, isRoomy, problems }: World): Promise<void> {
  const [tab] = tabs;
  if (!tab) return;
  const asked = tab.client.inspect().then(
    (report) => report,
    (error) => String(error),
  );
  let report: Awaited<typeof asked> | undefined;
  asked.then((answer) => {
    report = answer;
  });
  await clock.settle();
  if (report === undefined) return void problems.push('the hub does not answer');
  if (typeof report === 'string') return void problems.push(`the hub does not say how it is: ${report}`);
  if (report.connection.state !== 'open')
    problems.push(`the connection is ${JSON.stringify(report.connection)}`);
  if (report.tabs.length !== tabs.length)
    problems.push(`the hub knows ${report.tabs.length} tabs, and there are ${tabs.length}`);
  if (report.storage.state !== 'ok') problems.push(`the storage is ${JSON.stringify(report.storage)}`);
  if (report.sockets.live !== 1) problems.push(`${report.sockets.live} sockets are live`);
  const wires = network.wires.filter(({ isAccepted }) => isAccepted);
  if (wires.length !== 1) problems.push(`${wires.length} sockets are open at the server`);
  for (const { name, queued, unacknowledged, keys, tail } of report.topics) {
    if (queued > 0) problems.push(`${queued} events of ${name} still wait in the hub`);
    // A page failed on an event that an earlier one had taken: the hub keeps it for the next page; the server is content.
    if (unacknowledged > HELD_LIMIT) problems.push(`${unacknowledged} critical events of ${name} are held`);
    if (keys > 8 || tail > (isRoomy ? 500 : 4))
      problems.push(`the hub keeps ${keys} keys and ${tail} others of ${name}`);
  }
}
