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

  const tell = (
    transactions: readonly Transaction[],
    isRecorded: (command: Command, index: number) => boolean,
  ) => {
    for (const [index, { command }] of transactions.entries()) {
      if (command)
        onCommand(command.principal, command.id, isRecorded(command, index) ? 'recorded' : 'failed');
    }
  };
  return {
    opened: opened.promise,
    log: {
      async open(options) {
        try {
          const answer = await log.open(options);
          opened.resolve();
          return answer;
        } catch (error) {
          opened.reject(error);
          throw error;
        }
      },
      async commit(transactions, now) {
        try {
          const committed = await log.commit(transactions, now);
          // One that was withdrawn before is none any more.
          tell(transactions, (_, index) => committed[index]?.status !== 'cancelled');
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
      tell: (run, time) => log.tell(run, time),
      runs: () => log.runs(),
      recall: (command) => log.recall(command),
      begin: (commands, now) => log.begin(commands, now),
      cancel: (command, now) => log.cancel(command, now),
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
    const record = await log.recall(command).catch(() => null);
    if (record?.status === 'accepted') recorded.add(command);
  }
  return recorded;
}
