/** Which commands go to the hub in one message. */
import type { HubPort } from '../protocol/calls.ts';
import type { OutgoingCommand, Reply } from '../protocol/port.ts';

type Answer = Reply<{ durable: boolean }>;

interface Turn {
  readonly commands: OutgoingCommand[];
  readonly answers: Promise<Answer[]>;
  /** Whether its commands must be durable: all of them, or none. */
  readonly requireDurable: boolean;
}

/**
 * Hands commands to a hub: those of one turn in one message, since each message is a task of its worker, and each reply one
 * of the page. What must be durable is answered later, where the store fails: the others of its turn are not to wait for
 * that.
 */
export function createOffers() {
  const turns = new WeakMap<HubPort, Turn>();
  const begin = (hub: HubPort, requireDurable: boolean) => {
    const commands: OutgoingCommand[] = [];
    const answers = Promise.resolve().then(() => {
      turns.delete(hub);
      return hub.send(commands);
    });
    const turn = { commands, answers, requireDurable };
    turns.set(hub, turn);
    return turn;
  };
  return async (hub: HubPort, command: OutgoingCommand): Promise<Answer> => {
    const { requireDurable } = command;
    const turn = turns.get(hub);
    const { commands, answers } = turn?.requireDurable === requireDurable ? turn : begin(hub, requireDurable);
    const index = commands.push(command) - 1;
    const answer = (await answers)[index];
    if (!answer) throw new Error('the hub did not answer each command');
    return answer;
  };
}
