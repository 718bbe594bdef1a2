import { TOPICS } from '../protocol.ts';
import type { World } from '../world.ts';

/** Every critical event that was owed to a browser was taken by some page of it, or its failure told. */
export async function judgeCriticals(world: World): Promise<void> {
  const { server, witness, people, problems } = world;
  for (const who of people) {
    const { clientId } = world.diskOf(who);
    for (const topic of TOPICS) {
      const owed = await server.log.owed({ principal: who, clientId }, topic);
      if (owed.length > 0)
        problems.push(`critical events ${owed.map(({ offset }) => offset)} of ${topic} were forgotten`);
      const { epoch } = await server.log.state(topic);
      for (const event of server.chronicle.owed) {
        if (event.topic !== topic || event.epoch !== epoch || !event.clientIds.includes(clientId)) continue;
        if (witness.acknowledged.has(`${topic} ${epoch} ${event.offset}`)) continue;
        problems.push(`critical event ${event.offset} of ${topic} was owed, and never acknowledged`);
      }
    }
  }
}
