import { FLAWLESS, type ServerCase } from '../run/scene.ts';

const COMMANDS = 2_000;
const WARM_UP = 200;
/** As many as a hub sends before it waits for an answer, by default. */
const AT_A_TIME = 128;

/** Commands that are on the disk when they are answered. */
export function commands(clients: number): ServerCase {
  const whose = clients === 1 ? 'one client' : `${clients} clients`;
  return {
    name: `commands-${clients}`,
    title: `Commands of ${whose} in one topic, each on the disk before its answer`,
    figures: [{ name: 'perSecond', title: 'commands per second', unit: 'per second', better: 'higher' }],
    async run({ contender, server, openClients, quick }) {
      const each = Math.ceil((quick ? COMMANDS / 2 : COMMANDS) / clients);
      if (contender.name === 'bare-sqlite') {
        await server.insertAlone(WARM_UP);
        const ms = await server.insertAlone(each * clients);
        return { values: { perSecond: (each * clients * 1_000) / ms }, flaws: FLAWLESS };
      }
      const { calls } = await openClients();
      await calls.connect(clients);
      await calls.send(Math.ceil(WARM_UP / clients), AT_A_TIME);
      await server.forgetCommands();
      const ms = await calls.send(each, AT_A_TIME);
      const ran = (await server.commands()).numbers.length;
      const flaws = {
        ...FLAWLESS,
        lost: Math.max(0, each * clients - ran),
        duplicates: Math.max(0, ran - each * clients),
      };
      return { values: { perSecond: (each * clients * 1_000) / ms }, flaws };
    },
  };
}
