import { FLAWLESS, type ServerCase } from '../run/scene.ts';
import type { ServerLog } from '../server/contract.ts';
import { quantile } from '../shared/quantile.ts';

const COMMANDS = 1_000;
const IDLE_MS = 1_000;
const REPETITIONS = 3;

/** Whether the heartbeat of one client waits behind the work of another. */
export function pong(log: ServerLog): ServerCase {
  const whose = log === 'sqlite' ? 'a server with `sqliteLog`' : 'a server that keeps nothing on a disk';
  return {
    name: `pong-${log}`,
    title: `The pong of ${whose}, while another client pipelines ${COMMANDS.toLocaleString('en')} commands`,
    figures: [
      { name: 'longest', title: 'the longest wait for a pong', unit: 'ms', better: 'lower' },
      { name: 'idle', title: 'the longest, of an idle server', unit: 'ms', better: 'lower' },
      { name: 'commands', title: 'until all commands are answered', unit: 'ms', better: 'lower' },
    ],
    async run({ openClients }) {
      const [pinging, working] = await Promise.all([openClients(), openClients()]);
      await pinging.calls.connect(1);
      await working.calls.connect(1);
      await pinging.calls.ping(IDLE_MS / 5);
      const idle = Math.max(...(await pinging.calls.ping(IDLE_MS)));
      const longest: number[] = [];
      const took: number[] = [];
      for (let i = 0; i < REPETITIONS; i++) {
        let ended = false;
        const sent = working.calls.send(COMMANDS, COMMANDS).then((ms) => {
          ended = true;
          took.push(ms);
        });
        const waits: number[] = [];
        while (!ended) waits.push(...(await pinging.calls.ping(20)));
        await sent;
        longest.push(Math.max(...waits));
      }
      const middle = (values: number[]) =>
        quantile(
          values.sort((a, b) => a - b),
          0.5,
        );
      return { values: { longest: Math.max(...longest), idle, commands: middle(took) }, flaws: FLAWLESS };
    },
  };
}
