import type { EventLog, Principal, Transaction } from 'trunkline/server';

export interface TappedLog {
  /** For the server: the same log. */
  readonly log: EventLog;
  /** Resolves when the server has taken it into use. */
  readonly opened: Promise<void>;
}

/**
 * Tells what became of each command that goes into a log: a handler's effects begin when its command is recorded, not
 * when it returns.
 */
export function tapLog(
  log: EventLog,
  onCommand: (principal: Principal, id: string, outcome: 'recorded' | 'failed') => void,
): TappedLog {
  const opened = Promise.withResolvers<void>();
  // For whom nobody waits, because the server itself reports it.
  opened.promise.catch(() => {});

  const tell = (transactions: readonly Transaction[], isRecorded: (transaction: Command) => boolean) => {
    for (const { command } of transactions) {
      if (command) onCommand(command.principal, command.id, isRecorded(command) ? 'recorded' : 'failed');
    }
  };
  return {
    opened: opened.promise,
    log: {
      async open(options) {
        try {
          await log.open(options);
          opened.resolve();
        } catch (error) {
          opened.reject(error);
          throw error;
        }
      },
      async commit(transactions, now) {
        try {
          const committed = await log.commit(transactions, now);
          tell(transactions, () => true);
          return committed;
        } catch (error) {
          const recorded = await recordedOf(log, transactions);
          tell(transactions, (command) => recorded.has(command));
          throw error;
        }
      },
      read: (topic, from, take) => log.read(topic, from, take),
      state: (topic) => log.state(topic),
      renew: (topic, epoch) => log.renew(topic, epoch),
      accepted: (principal, id) => log.accepted(principal, id),
      dedupeSince: () => log.dedupeSince(),
      claim: (client, now) => log.claim(client, now),
      owe: (client, topic, offsets, now) => log.owe(client, topic, offsets, now),
      owed: (client, topic) => log.owed(client, topic),
      acknowledge: (client, topic, epoch, offsets) => log.acknowledge(client, topic, epoch, offsets),
      prune: (now) => log.prune(now),
      close: () => log.close(),
    },
  };
}

type Command = NonNullable<Transaction['command']>;

/** A commit that rejects may have happened all the same. */
async function recordedOf(
  log: EventLog,
  transactions: readonly Transaction[],
): Promise<ReadonlySet<Command>> {
  const recorded = new Set<Command>();
  for (const { command } of transactions) {
    if (!command) continue;
    const accepted = await log.accepted(command.principal, command.id).catch(() => null);
    if (accepted) recorded.add(command);
  }
  return recorded;
}
