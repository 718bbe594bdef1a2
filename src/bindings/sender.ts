/** What a component knows of the commands of one type that it has sent. */
import { createLogger, createReport } from '../client/log.ts';
import { cell } from '../client/readable.ts';
import type {
  AnyProtocol,
  Client,
  CommandType,
  PayloadOf,
  Readable,
  Receipt,
  ResultOf,
  SendArguments,
} from '../index.ts';

export interface Sent {
  /** A command that was sent here has no outcome yet. */
  readonly pending: boolean;
  /** Why the last `send` failed, or how the server refused it; `null` after one that did not. */
  readonly error: Error | null;
}

export interface Sender<P, T extends CommandType<P>> {
  /** As `client.send`; also rejects as that does. */
  send(...args: SendArguments<PayloadOf<P, T>>): Promise<Receipt<ResultOf<P, T>>>;
  readonly sent: Readable<Sent>;
}

export function createSender<P extends AnyProtocol, T extends CommandType<P>>(
  client: Client<P>,
  type: T,
): Sender<P, T> {
  const sent = cell<Sent>({ pending: false, error: null }, createReport(createLogger()));
  let underWay = 0;
  const move = (by: 1 | -1, error: Error | null) => {
    underWay += by;
    sent.set({ pending: underWay > 0, error });
  };
  return {
    sent,
    async send(...args) {
      move(1, null);
      try {
        const receipt = await client.send(type, ...args);
        receipt.outcome.then((outcome) => {
          move(-1, outcome.status === 'rejected' ? new Error(outcome.message, { cause: outcome }) : null);
        });
        return receipt;
      } catch (failure) {
        move(-1, failure instanceof Error ? failure : new Error(String(failure)));
        throw failure;
      }
    },
  };
}
