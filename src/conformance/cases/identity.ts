/** Who is let in, as whom, and to what. */
import type { Case } from '../case.ts';
import { Broken, must } from '../outcome.ts';
import type { HelloOptions, Trial } from '../trial.ts';

async function refusedAs(trial: Trial, hello: HelloOptions, wanted: string): Promise<void> {
  const line = await trial.socket();
  line.send(trial.hello(hello));
  const { code } = await line.next('goodbye');
  must(code === wanted, `the answer is \`goodbye\` ${code}, not ${wanted}`);
  await line.closed();
}

export const IDENTITY: readonly Case[] = [
  {
    id: 'identity/subprotocol',
    level: 'smallest',
    sentence:
      'A client that does not ask for it is not welcomed: the handshake fails, or the socket is closed.',
    async judge(trial) {
      for (const subprotocols of [[], ['trunkline.v0', 'chat']]) {
        const line = await trial.socket(subprotocols);
        if (line.isClosed) continue;
        // One that fails only now would have been taken for a server by a client that sends at once.
        line.send(trial.hello());
        await trial.quiet();
        must(line.all('welcome').length === 0, 'a client without the subprotocol was welcomed');
      }
    },
  },
  {
    id: 'identity/same-principal',
    level: 'smallest',
    sentence: 'an opaque string, the same for the same person every time',
    async judge(trial) {
      const { clientId, welcome } = await trial.join();
      const again = await trial.join({ clientId });
      must(again.welcome.principal === welcome.principal, 'one person has two principals');
      must(again.welcome.session !== welcome.session, 'two connections have one session');
    },
  },
  {
    id: 'identity/other-principal',
    level: 'smallest',
    sentence: 'an opaque string, the same for the same person every time',
    needs: ['two people'],
    async judge(trial) {
      const [ada, grace] = [await trial.join(), await trial.join({ person: 1 })];
      must(ada.welcome.principal !== grace.welcome.principal, 'two people have one principal');
    },
  },
  {
    id: 'identity/wrong-token',
    level: 'smallest',
    sentence: 'For a token that it does not accept: `unauthorized`.',
    needs: ['refused token'],
    judge: async (trial) =>
      await refusedAs(trial, { token: trial.profile.refused_token ?? '' }, 'unauthorized'),
  },
  {
    id: 'identity/mismatch',
    level: 'smallest',
    sentence: 'For a `client_id` that belongs to another principal: `identity_mismatch`.',
    needs: ['two people'],
    async judge(trial) {
      const { clientId, line } = await trial.join();
      await refusedAs(trial, { clientId, person: 1, term: 5 }, 'identity_mismatch');
      await line.settle();
      line.cut();
      await trial.quiet();
      await refusedAs(trial, { clientId, person: 1, term: 6 }, 'identity_mismatch');
      await trial.join({ clientId });
    },
  },
  {
    id: 'identity/other-application',
    level: 'full',
    sentence: 'For an `app` or `app_version` that it does not serve: `unsupported`.',
    judge: async (trial) => await refusedAs(trial, { app: `not ${trial.profile.app}` }, 'unsupported'),
  },
  {
    id: 'identity/other-version',
    level: 'full',
    sentence: 'For an `app` or `app_version` that it does not serve: `unsupported`.',
    needs: ['refused version'],
    judge: async (trial) =>
      await refusedAs(trial, { appVersion: trial.profile.refused_version ?? 0 }, 'unsupported'),
  },
  {
    id: 'identity/long-topic',
    level: 'full',
    sentence: '1 to 1,024 characters: Unicode code points, as JSON Schema counts',
    needs: ['publish', 'own topic'],
    async judge(trial) {
      const { line } = await trial.join();
      const topic = `${trial.topic}-${'😀'.repeat(600)}`;
      await line.subscribe(topic);
      await trial.control.publish(topic, [{ text: 'here' }]);
      await line.next('event', (event) => trial.textOf(event) === 'here');
    },
  },
  {
    id: 'identity/forbidden-topic',
    level: 'smallest',
    sentence:
      'A topic that the principal may not read, or that does not exist, is answered by [`error`](#error)',
    needs: ['forbidden topic'],
    async judge(trial) {
      const topic = trial.profile.topics.forbidden ?? '';
      const { line } = await trial.join();
      for (const type of ['subscribe', 'resync_request'] as const) {
        const ref = line.nextRef();
        line.send(type === 'subscribe' ? { type, topic, ref } : { type, topic, ref, last_seen: null });
        const error = await line.next('error', (frame) => frame.ref === ref);
        must(
          error.code === 'forbidden' && error.ended,
          `\`${type}\` got ${error.code}, ended ${error.ended}`,
        );
        must(error.topic === topic, `the error is about topic ${error.topic}`);
      }
      if (line.all('subscribed').length + line.all('snapshot').length > 0) {
        throw new Broken('a topic that the principal may not read was begun');
      }
    },
  },
  {
    id: 'identity/forbidden-command',
    level: 'smallest',
    sentence: 'Authorization covers reading a topic, and commands and acknowledgements for it.',
    needs: ['forbidden topic', 'accept'],
    async judge(trial) {
      const { line } = await trial.join();
      const command = { ...trial.command('accept'), topic: trial.profile.topics.forbidden };
      line.send(command);
      const { retry } = await line.refused(command.id);
      must(!retry, 'a command for a topic that is forbidden is to be sent again');
      await trial.ran(command.id, 0);
    },
  },
  {
    id: 'identity/unknown-topic',
    level: 'smallest',
    sentence:
      'A topic that the principal may not read, or that does not exist, is answered by [`error`](#error)',
    needs: ['unknown topic'],
    async judge(trial) {
      const topic = trial.profile.topics.unknown ?? '';
      const { line } = await trial.join();
      const ref = line.nextRef();
      line.send({ type: 'subscribe', topic, ref });
      const { code, ended } = await line.next('error', (frame) => frame.ref === ref);
      must(code === 'unknown_topic' && ended, `the answer is ${code}, ended ${ended}`);
      await line.settle();
    },
  },
];
