import { TOPICS } from '../protocol.ts';
import type { World } from '../world.ts';

/**
 * Every critical event that was owed to a browser was taken by some page of it, or its failure told: what it was there to hear of, and
 * all beyond that, whatever its cursor.
 */
export async function judgeCriticals(world: World): Promise<void> {
  const { server, witness, people, storeEverFailed, problems } = world;
  for (const who of people) {
    const { clientId } = world.diskOf(who);
    for (const topic of TOPICS) {
      const owed = await server.log.owed({ principal: who, clientId }, topic);
      if (owed.length > 0)
        problems.push(`critical events ${owed.map(({ offset }) => offset)} of ${topic} were forgotten`);
      const { epoch } = await server.log.state(topic);
      const { criticals, debts } = server.chronicle;
      for (const event of criticals) {
        if (event.topic !== topic || event.epoch !== epoch) continue;
        // One that was restored may ignore what clients say that they know; and what a hub without its store was told as another
        // client, its page knows of when it goes by its right name again.
        const areKept = server.restores === 0 && !storeEverFailed;
        const isBeyond = areKept && debts.include({ clientId, topic, epoch }, event);
        if (!isBeyond && !event.clientIds.includes(clientId)) continue;
        if (witness.acknowledged.has(`${topic} ${epoch} ${event.offset}`)) continue;
        problems.push(`critical event ${event.offset} of ${topic} was owed, and never acknowledged`);
      }
    }
  }
}
