import { useEffect, useRef } from 'react';
import type { Meta } from 'trunkline';
import { oneTab } from 'trunkline/one-tab';
import type { WaitingGate } from '../../engine/events.ts';
import { RUNS_TOPIC } from '../../engine/protocol.ts';
import type { Report } from '../errors/report.ts';
import { goTo } from '../route.ts';
import { useClient, useEvent, useLatest } from '../trunk.ts';
import { alertSettings } from './settings.ts';
import { playSound } from './sound.ts';

/**
 * Tells of a gate that begins to wait while no tab of the console is on the screen: once per browser, as this person has set it
 * there. A click on the notification opens the gate in the tab that showed it.
 */
export function GateAlerts({
  name,
  report,
  onOpen,
}: {
  name: string;
  report: Report;
  onOpen: (gateId: string) => void;
}): null {
  const client = useClient();
  const runs = useLatest(RUNS_TOPIC, 'run_state');
  const shown = useRef(new Map<string, Notification>());
  const alert = useRef<(gate: WaitingGate) => void>(() => {});
  useEffect(() => {
    alert.current = (gate) => {
      // A tab that is seen is asked first: then nothing has to be told, by no other tab either.
      if (document.visibilityState === 'visible' || client.now() >= gate.expiresAt) return;
      const settings = alertSettings(name);
      if (settings.has('sound')) playSound();
      if (!settings.has('notification') || Notification.permission !== 'granted') return;
      const run = runs.get(`run:${gate.runId}`)?.title ?? 'A run';
      const notification = new Notification(`Decision needed – ${run}`, {
        body: gate.title,
        tag: gate.gateId,
      });
      shown.current.set(gate.gateId, notification);
      notification.onclick = () => {
        window.focus();
        goTo({ runId: gate.runId });
        onOpen(gate.gateId);
        notification.close();
      };
    };
  });

  useEffect(() => {
    const leaving = new AbortController();
    const { signal } = leaving;
    const once = oneTab(`gate alert of ${name}`, (gate: WaitingGate, _: Meta) => alert.current(gate), {
      signal,
    });
    // The gate's desk takes the event; that does not wait for a tab to have told of it.
    const tell = (gate: WaitingGate, meta: Meta) => {
      once(gate, meta).catch((error) => report({ message: `A gate could not be told of: ${error}` }));
    };
    client.topic(RUNS_TOPIC).on('human_gate_waiting', tell, { signal });
    return () => leaving.abort();
  }, [client, name, report]);
  useEvent(RUNS_TOPIC, 'human_gate_resolved', ({ gateId }) => {
    shown.current.get(gateId)?.close();
    shown.current.delete(gateId);
  });
  return null;
}
