import type { HubPort, OutgoingCommand, Reply } from '../protocol/port.ts';

type Answer = Reply<{ durable: boolean }>;

/**
 * Hands commands to a hub: all of one turn in one message, since each message is a task of its worker, and each reply one
 * of the page.
 */
export function createOffers() {
  const turns = new WeakMap<HubPort, { commands: OutgoingCommand[]; answers: Promise<Answer[]> }>();
  const begin = (hub: HubPort) => {
    const commands: OutgoingCommand[] = [];
    const answers = Promise.resolve().then(() => {
      turns.delete(hub);
      return hub.send(commands);
    });
    const turn = { commands, answers };
    turns.set(hub, turn);
    return turn;
  };
  return async (hub: HubPort, command: OutgoingCommand): Promise<Answer> => {
    const { commands, answers } = turns.get(hub) ?? begin(hub);
    const index = commands.push(command) - 1;
    const answer = (await answers)[index];
    if (!answer) throw new Error('the hub did not answer each command');
    return answer;
  };
}
