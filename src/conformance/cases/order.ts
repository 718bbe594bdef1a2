/** Commands in the order of their arrival, events in the order of the log. */
import type { Case } from '../case.ts';
import { must } from '../outcome.ts';

export const ORDER: readonly Case[] = [
  {
    id: 'order/commands-of-a-message',
    level: 'smallest',
    sentence: 'start in the order of their arrival, each finished (answered) before the next.',
    needs: ['accept'],
    async judge(trial) {
      const { line } = await trial.join();
      const commands = Array.from({ length: 20 }, (_, index) =>
        trial.command('accept', { text: `${index}` }),
      );
      line.send(...commands);
      for (const { id } of commands) await line.accepted(id);
      const answered = line.all('command_ack').map(({ id }) => id);
      must(
        answered.join() === commands.map(({ id }) => id).join(),
        '20 commands of one topic were not answered in the order of their arrival',
      );
    },
  },
  {
    id: 'order/commands-behind-a-slow-one',
    level: 'full',
    sentence: 'start in the order of their arrival, each finished (answered) before the next.',
    needs: ['accept', 'slow'],
    async judge(trial) {
      const { line } = await trial.join();
      const first = trial.command('slow', { text: 'first' });
      const second = trial.command('accept', { text: 'second' });
      line.send(first);
      line.send(second);
      await line.accepted(second.id);
      const answered = line.all('command_ack').map(({ id }) => id);
      must(answered[0] === first.id, 'a command was answered before the slow one ahead of it');
      if (!trial.profile.commands.slow?.publishes || !trial.profile.commands.accept?.publishes) return;
      const { state } = await line.subscribe(trial.topic);
      const texts = trial
        .textsOf(state?.events ?? [])
        .filter((text) => text === 'first' || text === 'second');
      must(texts.join() === 'first,second', `what they published stands in the order ${texts.join()}`);
    },
  },
  {
    id: 'order/behind-a-slow-one-after-a-cut',
    level: 'full',
    sentence: 'Commands of one client and one topic',
    needs: ['accept', 'slow', 'own topic'],
    async judge(trial) {
      const { accept, slow } = trial.profile.commands;
      const { line, clientId } = await trial.join();
      const first = trial.command('slow', { text: 'first' });
      line.send(first);
      await line.settle();
      line.cut();
      const again = await trial.join({ clientId });
      const second = trial.command('accept', { text: 'second' });
      again.line.send({ ...first, attempt: 2 }, second);
      await again.line.accepted(second.id);
      if (!slow?.publishes || !accept?.publishes) return;
      const { state } = await again.line.subscribe(trial.topic);
      const texts = trial
        .textsOf(state?.events ?? [])
        .filter((text) => text === 'first' || text === 'second');
      must(texts.join() === 'first,second', `what they published stands in the order ${texts.join()}`);
    },
  },
  {
    id: 'order/live',
    level: 'smallest',
    sentence: 'then `event`s, in offset order, with no hole.',
    needs: ['events'],
    async judge(trial) {
      const { line } = await trial.join();
      const other = await trial.join();
      const { state } = await line.subscribe(trial.topic);
      await other.line.subscribe(trial.topic);
      const from = state?.offset ?? 0;
      await trial.causeEvents(10);
      for (const each of [line, other.line]) {
        await each.untilSeen(
          () => (each.events(trial.topic).at(-1)?.offset ?? 0) >= from + 10,
          'ten events that were published',
        );
      }
    },
  },
  {
    id: 'order/live-contents',
    level: 'full',
    sentence: 'a named, ordered stream of events',
    needs: ['publish', 'own topic'],
    async judge(trial) {
      const { line } = await trial.join();
      await line.subscribe(trial.topic);
      const texts = Array.from({ length: 100 }, (_, index) => `event ${index}`);
      for (let at = 0; at < texts.length; at += 20) {
        await trial.publish(...texts.slice(at, at + 20).map((text) => ({ text })));
      }
      await line.untilSeen(() => line.events(trial.topic).length >= texts.length, '100 events');
      must(
        trial.textsOf(line.events(trial.topic)).join() === texts.join(),
        '100 events came in another order, or not all',
      );
    },
  },
];
