import { randomBytes } from 'node:crypto';
import { SignJWT } from 'jose';
import * as v from 'valibot';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import type { Incident } from '../../../src/gateway/backend/incidents.ts';
import { authenticateSchema, authorizeSchema, peopleOf } from '../../../src/gateway/people/config.ts';
import { SUBPROTOCOL } from '../../../src/protocol/version.ts';
import { WireClient } from '../server/support/wire.ts';
import { type Answering, answerJson, answerText, HttpBackend } from './support/http-backend.ts';
import { running } from './support/running.ts';

const tokenSecret = 'a secret of the application, long enough';
const env = {
  SECRET: `whsec_${randomBytes(24).toString('base64')}`,
  TOKEN_SECRET: tokenSecret,
  SHORT_SECRET: 'short',
};

interface Told {
  readonly authenticate?: v.InferInput<typeof authenticateSchema>;
  readonly authorize?: v.InferInput<typeof authorizeSchema>;
}

function people({ authenticate = {}, authorize = {} }: Told, incidents: Incident[] = []) {
  const config = {
    authenticate: v.parse(authenticateSchema, authenticate),
    authorize: v.parse(authorizeSchema, authorize),
  };
  return peopleOf(config, env, (incident) => incidents.push(incident));
}

async function scene(told: Told) {
  const incidents: Incident[] = [];
  const parts = people(told, incidents);
  const { gateway, errors } = await running({}, { people: parts });
  const clients: WireClient[] = [];
  onTestFinished(() => {
    for (const { socket } of clients) socket.terminate();
  });
  const connect = async (token?: string, headers: Record<string, string> = {}) => {
    const client = new WireClient(new WebSocket(gateway.url, SUBPROTOCOL, { headers }));
    clients.push(client);
    await client.opened;
    client.hello({ app_version: 1, ...(token === undefined ? {} : { token }) });
    return client;
  };
  return { incidents, errors, connect, rightsChanged: parts.rightsChanged };
}

async function backend(answering: Answering) {
  const http = await HttpBackend.listen(answering);
  onTestFinished(() => http[Symbol.asyncDispose]());
  return http;
}
const hookOf = (http: HttpBackend) => ({ url: http.url, secret: { variable: 'SECRET' }, timeoutMs: 5_000 });

const jwt = {
  secret: { variable: 'TOKEN_SECRET' },
  algorithms: ['HS256'] as 'HS256'[],
  issuer: 'login',
  audience: 'console',
  clockToleranceS: 0,
};
const tokenOf = (claims: Record<string, unknown>, lastsS = 600) =>
  new SignJWT({ sub: 'ada', iss: 'login', aud: 'console', ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime(Math.floor(Date.now() / 1_000) + lastsS)
    .sign(new TextEncoder().encode(tokenSecret));

test('a JWT says who somebody is, and its claims which topics they may read and write', async () => {
  const { connect } = await scene({
    authenticate: { jwt },
    authorize: { topics: { 'runs/{claims.org}/*': ['read'], 'desk/{principal}': ['read', 'write'] } },
  });
  const client = await connect(await tokenOf({ org: 'acme' }));
  expect(await client.next('welcome')).toMatchObject({ principal: 'ada' });
  client.send({ type: 'subscribe', topic: 'runs/acme/1', ref: 1 });
  expect(await client.next('snapshot')).toMatchObject({ topic: 'runs/acme/1' });
  client.send({ type: 'subscribe', topic: 'runs/other/1', ref: 1 });
  expect(await client.next('error')).toMatchObject({ topic: 'runs/other/1', code: 'forbidden' });
  client.command({ type: 'decide' }, { topic: 'runs/acme/1', app_version: 1 });
  expect(await client.next('command_nack')).toMatchObject({ code: 'forbidden' });
});

test('the connection ends when its token does', async () => {
  const { connect } = await scene({ authenticate: { jwt } });
  const client = await connect(await tokenOf({}, 2));
  await client.next('welcome');
  expect(await client.next('goodbye')).toMatchObject({ code: 'unauthorized', retry: true });
});

test('a hook is given the token and the cookies, signed, and says who that is', async () => {
  const http = await backend(answerJson(200, { principal: 'ada', claims: { org: 'acme' } }));
  const { connect } = await scene({
    authenticate: { hook: hookOf(http) },
    authorize: { topics: { '{claims.org}': ['read'] } },
  });
  const client = await connect('t1', { cookie: 'session=1' });
  expect(await client.next('welcome')).toMatchObject({ principal: 'ada' });
  client.send({ type: 'subscribe', topic: 'acme', ref: 1 });
  await client.next('snapshot');
  const [asked] = http.asked;
  expect(asked?.headers).toMatchObject({
    cookie: 'session=1',
    'webhook-signature': expect.stringMatching(/^v1,/),
  });
  expect(JSON.parse(asked?.body ?? '')).toEqual({ kind: 'authenticate', token: 't1', origin: null });
});

test('what a hook has said counts for a while, for the same token and cookies, until rights change', async () => {
  const http = await backend(answerJson(200, { principal: 'ada' }));
  const { connect, rightsChanged } = await scene({ authenticate: { hook: hookOf(http) } });
  const join = async (token: string, cookie: string) =>
    await (await connect(token, { cookie })).next('welcome');
  await join('t1', 'a');
  await join('t1', 'a');
  expect(http.asked).toHaveLength(1);
  await join('t2', 'a');
  await join('t1', 'b');
  expect(http.asked).toHaveLength(3);
  rightsChanged('grace');
  await join('t1', 'a');
  expect(http.asked).toHaveLength(3);
  rightsChanged('ada');
  await join('t1', 'a');
  expect(http.asked).toHaveLength(4);
});

test('an answer that was on its way when rights changed is not remembered', async () => {
  const held: (() => void)[] = [];
  const http = await backend((asked, response) => {
    held.push(() => answerJson(200, { principal: 'ada' })(asked, response));
  });
  const { connect, rightsChanged } = await scene({ authenticate: { hook: hookOf(http) } });
  const client = await connect('t1');
  await expect.poll(() => held.length).toBe(1);
  rightsChanged('ada');
  held[0]?.();
  await client.next('welcome');
  await connect('t1');
  await expect.poll(() => held.length).toBe(2);
});

test('nobody is who the hook names as nobody, and that is not remembered', async () => {
  const http = await backend(answerJson(200, { principal: null }));
  const { connect } = await scene({ authenticate: { hook: hookOf(http) } });
  expect(await (await connect('t1')).next('goodbye')).toMatchObject({ code: 'unauthorized' });
  await (await connect('t1')).next('goodbye');
  expect(http.asked).toHaveLength(2);
});

test.for<[string, Answering]>([
  ['401', answerJson(401, { code: 'wrong_signature' })],
  ['HTML', answerText(200, 'text/html', '<h1>Login</h1>')],
  ['JSON of another kind', answerJson(200, { ok: true })],
  ['an empty name', answerJson(200, { principal: '' })],
  ['a redirect', (_, response) => response.writeHead(302, { location: '/login' }).end()],
])(
  'a hook that answers %s says nothing of anybody: the client comes again, and that is told once',
  async ([, answering]) => {
    const http = await backend(answering);
    const { connect, incidents, errors } = await scene({ authenticate: { hook: hookOf(http) } });
    for (const token of ['t1', 't2']) {
      expect(await (await connect(token)).next('goodbye')).toMatchObject({ code: 'overloaded', retry: true });
    }
    expect(incidents).toMatchObject([{ state: 'begun', about: 'authenticate' }]);
    expect(errors).toEqual([]);
  },
);

test('a hook decides about topics; where it cannot, a command is for now', async () => {
  const http = await backend(({ body }, response) => {
    const { topic, action } = JSON.parse(body);
    answerJson(200, { allowed: topic === 'mine' && action === 'write' })({} as never, response);
  });
  const { connect, incidents, errors } = await scene({
    authenticate: { jwt },
    authorize: { hook: { ...hookOf(http), rememberMs: 0 } },
  });
  const client = await connect(await tokenOf({ org: 'acme' }));
  await client.next('welcome');
  client.send({ type: 'subscribe', topic: 'mine', ref: 1 });
  expect(await client.next('error')).toMatchObject({ code: 'forbidden' });
  expect(JSON.parse(http.asked[0]?.body ?? '')).toMatchObject({
    kind: 'authorize',
    principal: 'ada',
    topic: 'mine',
    action: 'read',
    claims: { org: 'acme' },
  });
  http.answering = answerJson(500, {});
  const id = client.command({ type: 'decide' }, { topic: 'mine', app_version: 1 });
  expect(await client.next('command_nack')).toMatchObject({ id, code: 'unavailable', retry: true });
  expect(incidents).toMatchObject([{ state: 'begun', about: 'authorize' }]);
  expect(errors).toEqual([]);
});

test.for<[Told, RegExp]>([
  [{ authenticate: { jwt: { ...jwt, secret: { variable: 'SHORT_SECRET' } } } }, /5 bytes, and needs 32/],
  [{ authenticate: { jwt: { ...jwt, jwks: 'https://login.example/keys' } } }, /one of jwks and secret/],
  [{ authenticate: { jwt: { ...jwt, algorithms: ['RS256'] } } }, /RS256 is no algorithm for a secret/],
  [
    { authenticate: { jwt: { ...jwt, secret: undefined, jwks: 'https://login.example/keys' } } },
    /HS256 is no algorithm for a JWKS/,
  ],
  [
    { authenticate: { hook: { url: 'http://a.example', secret: { variable: 'NOT_SET' } } } },
    /authenticate\.hook\.secret: the variable NOT_SET/,
  ],
  [{ authorize: { topics: { 'a//b': ['read'] } } }, /segment/],
])('a mistake of the configuration is told at the start: %o', ([told, why]) => {
  expect(() => people(told)).toThrow(why);
});

test.for(['http://login.example/keys', 'ftp://login.example', 'keys'])('a JWKS at %s is refused', (jwks) => {
  expect(() => people({ authenticate: { jwt: { ...jwt, secret: undefined, jwks } } })).toThrow(/https/);
});
