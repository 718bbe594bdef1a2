import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { LabServer } from '../app/lab/server.ts';
import { required } from './required.ts';

/** The lab's server in a process of its own, with its log in a file. */
export interface LabProcess {
  readonly port: number;
  /** Commands run from now on, and none of them comes to an end. */
  hold(): Promise<void>;
  /** Every command that this process began to run, in order. */
  ran(): Promise<LabServer['ran']>;
  /** Sets its clock, in milliseconds ahead of the machine's. */
  setClock(aheadMs: number): Promise<void>;
  /** SIGKILL: nothing is written, nobody is told. */
  kill(): Promise<void>;
}

/** @param clockAheadMs of its clock, ahead of the machine's */
export async function startLabProcess(file: string, origin: string, clockAheadMs = 0): Promise<LabProcess> {
  const script = join(required('TRUNKLINE_E2E_APP'), 'lab/child.ts');
  const child = fork(script, [file, origin, String(clockAheadMs)]);
  const exited = once(child, 'exit');
  const answer = async (): Promise<unknown> => {
    const [message] = await Promise.race([
      once(child, 'message'),
      exited.then(([code, signal]) => {
        throw new Error(`the lab's server ended: exit code ${code}, signal ${signal}`);
      }),
    ]);
    return message;
  };
  const ask = (what: 'hold' | 'ran' | { clockAheadMs: number }) => {
    child.send(what);
    return answer();
  };
  return {
    port: Number(await answer()),
    async hold() {
      await ask('hold');
    },
    ran: async () => (await ask('ran')) as LabServer['ran'],
    async setClock(aheadMs) {
      await ask({ clockAheadMs: aheadMs });
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** The effect of a command, as the log has it. */
export interface Effect {
  readonly topic: string;
  readonly gateId: string;
  /** The id of the command. */
  readonly by: string;
}

/** What is in the log's file: the effects in the order of each topic, and the ids of the accepted commands. */
export function readLog(file: string): { readonly effects: Effect[]; readonly accepted: string[] } {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    const effects = db
      .prepare(
        `SELECT t.name AS topic, e.event ->> 'gateId' AS gateId, e.event ->> 'by' AS "by"
         FROM events e JOIN topics t ON t.id = e.topic WHERE e.event ->> 'type' = 'gate' ORDER BY t.name, e."offset"`,
      )
      .all();
    const accepted = db.prepare("SELECT id FROM commands WHERE state = 'accepted'").all();
    return {
      effects: effects.map(({ topic, gateId, by }) => ({
        topic: String(topic),
        gateId: String(gateId),
        by: String(by),
      })),
      accepted: accepted.map(({ id }) => String(id)),
    };
  } finally {
    db.close();
  }
}
