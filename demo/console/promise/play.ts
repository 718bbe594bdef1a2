import { RUNS_TOPIC, runTopic } from '../../engine/protocol.ts';
import { leaveUnasked, reloadUnasked } from '../outbox/unload-guard.ts';
import { goTo } from '../route.ts';
import { faults } from '../tools/faults.ts';
import type { Trunk } from '../trunk.ts';
import { saveScript } from './saved-script.ts';
import type { Proof, Script } from './script.ts';
import { pause, until } from './until.ts';

const PIPELINE = 'audit';
const AWAY_SECONDS = 16;
const READ_MS = 2_200;

/** Plays one stage; resolves with the next. An aborted stage does nothing more. */
export async function play(script: Script, client: Trunk, signal: AbortSignal): Promise<Script> {
  switch (script.stage) {
    case 'start':
      return await start(client, signal);
    case 'gate': {
      const gateId = await gateOf(script.runId, client, signal);
      return { ...script, stage: 'cut', gateId };
    }
    case 'cut':
      await pause(READ_MS, signal);
      // Without a service worker there would be nothing to reload.
      await (navigator.serviceWorker?.controller ? faults.vanish : faults.cut)(AWAY_SECONDS);
      await until(client.connection, signal, ({ state }) => (state === 'open' ? undefined : state));
      return { ...script, stage: 'approve' };
    case 'approve': {
      await pause(READ_MS, signal);
      const { runId, gateId } = script;
      const decision = { runId, gateId, verdict: 'approve', comment: '' } as const;
      const { id } = await client.send('human_decision', decision, { topic: runTopic(runId) });
      return { ...script, stage: 'reload', commandId: id };
    }
    case 'reload':
      await pause(READ_MS, signal);
      saveScript({ ...script, stage: 'leave' });
      reloadUnasked();
      // The page ends here.
      return await new Promise<never>(() => {});
    case 'leave':
      await pause(2 * READ_MS, signal);
      saveScript({ ...script, stage: 'return' });
      leaveUnasked('./away.html');
      return await new Promise<never>(() => {});
    case 'return':
      goTo({ runId: script.runId });
      return { stage: 'proof', runId: script.runId, proof: await prove(script, client, signal) };
    case 'proof':
    case 'failed':
      return script;
  }
}

async function start(client: Trunk, signal: AbortSignal): Promise<Script> {
  await until(client.connection, signal, ({ state }) => (state === 'open' ? state : undefined));
  const { outcome } = await client.send('start_run', { pipeline: PIPELINE });
  const ended = await outcome;
  if (ended.status !== 'accepted') {
    throw new Error(`The run was not started: ${'message' in ended ? ended.message : ended.status}`);
  }
  goTo({ runId: ended.result.runId });
  return { stage: 'gate', runId: ended.result.runId };
}

async function gateOf(runId: string, client: Trunk, signal: AbortSignal): Promise<string> {
  const runs = client.topic(RUNS_TOPIC).latest(['run_state', 'human_gate_waiting']);
  return await until(runs, signal, (events) => {
    for (const event of events.values()) {
      if (event.runId !== runId) continue;
      if (event.type === 'human_gate_waiting') return event.gateId;
      if (event.finishedAt !== null) throw new Error('The run ended before it asked anything.');
    }
    return undefined;
  });
}

/** Waits for the decision's end, and collects what shows that it ran once. */
async function prove(
  { runId, gateId, commandId }: { runId: string; gateId: string; commandId: string },
  client: Trunk,
  signal: AbortSignal,
): Promise<Proof> {
  let sent = 0;
  const endWatch = client.outbox.subscribe((entries) => {
    sent = Math.max(sent, entries.find(({ id }) => id === commandId)?.attempt ?? 0);
  });
  const resolved = new Map<number, string | null>();
  client.topic(runTopic(runId)).on(
    'human_gate_resolved',
    (event, { offset }) => {
      if (event.gateId === gateId) resolved.set(offset, event.by);
    },
    { replay: 'state', signal },
  );
  try {
    const { outcome, isNews } = await settled(commandId, client, signal);
    if (outcome.status !== 'accepted')
      throw new Error(`The decision was not accepted, but ${outcome.status}.`);
    await pause(READ_MS, signal);
    const { sockets, tabs } = await client.inspect();
    return {
      sent: isNews ? Math.max(1, sent) : null,
      duplicate: outcome.duplicate,
      resolved: resolved.size,
      by: [...resolved.values()].at(-1) ?? null,
      sockets,
      tabs: tabs.length,
    };
  } finally {
    endWatch();
  }
}

/** It may have ended while no page was there to hear it: then that is no news. */
async function settled(commandId: string, client: Trunk, signal: AbortSignal) {
  const heard = new Promise<Awaited<ReturnType<typeof client.outbox.settled>>>((resolve) => {
    client.outbox.onSettled(({ id, outcome }) => id === commandId && resolve(outcome), { signal });
  });
  const before = await client.outbox.settled(commandId);
  const outcome = before ?? (await heard);
  if (!outcome) throw new Error('What became of the decision is not known any more.');
  return { outcome, isNews: before === null };
}
