import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type JwtOptions, jwtAuthentication } from '../../../src/gateway/people/jwt.ts';

const KEY = new TextEncoder().encode('0123456789abcdef0123456789abcdef');
const OTHER_KEY = new TextEncoder().encode('another9abcdef0123456789abcdef00');
const ISSUER = 'https://login.example';
const AUDIENCE = 'console';
const NOW_S = Math.floor(Date.now() / 1_000);

function scene(options: Partial<JwtOptions> = {}) {
  const told: string[] = [];
  const authenticate = jwtAuthentication({
    keys: { secret: KEY },
    algorithms: ['HS256'],
    issuer: ISSUER,
    audience: AUDIENCE,
    principal: 'sub',
    clockToleranceS: 5,
    tell: ({ message }) => told.push(message),
    ...options,
  });
  return { authenticate, told };
}

const claims: JWTPayload = { sub: 'ada', iss: ISSUER, aud: AUDIENCE, exp: NOW_S + 600, org: 'acme' };
const without = (name: string) => Object.fromEntries(Object.entries(claims).filter(([key]) => key !== name));
const sign = (payload: JWTPayload = claims, key: Uint8Array | CryptoKey = KEY, alg = 'HS256', kid?: string) =>
  new SignJWT(payload).setProtectedHeader({ alg, ...(kid === undefined ? {} : { kid }) }).sign(key);

test('a token names a person, their claims, and the end of the connection', async () => {
  const { authenticate, told } = scene();
  expect(await authenticate(await sign())).toEqual({
    principal: 'ada',
    claims,
    expiresAt: (NOW_S + 605) * 1_000,
  });
  const byMail = scene({ principal: 'email' });
  expect(await byMail.authenticate(await sign({ ...claims, email: 'a@b.c' }))).toMatchObject({
    principal: 'a@b.c',
  });
  expect(told).toEqual([]);
});

test('nobody is who brings no token, or one that has expired, of which nothing is told', async () => {
  const { authenticate, told } = scene();
  expect(await authenticate(undefined)).toBe(null);
  expect(await authenticate('')).toBe(null);
  expect(await authenticate(await sign({ ...claims, exp: NOW_S - 6 }))).toBe(null);
  expect(told).toEqual([]);
});

test('however many reasons for a refusal somebody thinks up, so many are told at most', async () => {
  const { authenticate, told } = scene();
  const [, payload, signature] = (await sign()).split('.');
  for (let n = 0; n < 60; n += 1) {
    const header = Buffer.from(JSON.stringify({ alg: 'HS256', crit: [`thing${n}`], [`thing${n}`]: n }));
    expect(await authenticate(`${header.toString('base64url')}.${payload}.${signature}`)).toBe(null);
  }
  expect(told).toHaveLength(20);
});

test.for<[string, () => Promise<string> | string, RegExp]>([
  ['of another key', () => sign(claims, OTHER_KEY), /signature verification failed/],
  ['of another issuer', () => sign({ ...claims, iss: 'https://evil.example' }), /"iss"/],
  ['for somebody else', () => sign({ ...claims, aud: 'other' }), /"aud"/],
  ['without an end', () => sign(without('exp')), /"exp"/],
  ['without a name', () => sign(without('sub')), /"sub"/],
  ['with an empty name', () => sign({ ...claims, sub: '' }), /sub is no text/],
  ['not yet valid', () => sign({ ...claims, nbf: NOW_S + 60 }), /"nbf"/],
  ['of another algorithm', () => sign(claims, new Uint8Array(64), 'HS512'), /"alg"/],
  ['without a signature', () => new UnsecuredJWT(claims).encode(), /./],
  ['that is none', () => 'hello', /Invalid Compact JWS/],
])('a token %s is nobody, and why is told once', async ([, make, why]) => {
  const { authenticate, told } = scene();
  const token = await make();
  for (let times = 1; times <= 3; times += 1) expect(await authenticate(token)).toBe(null);
  expect(told).toEqual([expect.stringMatching(why)]);
  expect(told[0]).not.toContain(token);
});

async function jwks() {
  const pairs = new Map<string, CryptoKey>();
  const keys: unknown[] = [];
  let fails = false;
  const http = createServer((_, response) => {
    if (fails) response.writeHead(500).end();
    else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys }));
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    http.closeAllConnections();
    http.close();
  });
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/jwks.json`,
    fail: () => {
      fails = true;
    },
    async add(kid: string): Promise<CryptoKey> {
      const { publicKey, privateKey } = await generateKeyPair('ES256');
      keys.push({ ...(await exportJWK(publicKey)), kid, alg: 'ES256' });
      pairs.set(kid, privateKey);
      return privateKey;
    },
  };
}

test('keys come from a JWKS, and a token of a key that is not in it is nobody', async () => {
  const set = await jwks();
  const key = await set.add('one');
  const { authenticate, told } = scene({ keys: { jwks: set.url }, algorithms: ['ES256'] });
  expect(await authenticate(await sign(claims, key, 'ES256', 'one'))).toMatchObject({ principal: 'ada' });
  const { privateKey } = await generateKeyPair('ES256');
  expect(await authenticate(await sign(claims, privateKey, 'ES256', 'two'))).toBe(null);
  expect(told).toEqual([expect.stringMatching(/no applicable key/)]);
});

test('a token that is signed with a public key as if it were a secret is nobody', async () => {
  const set = await jwks();
  await set.add('one');
  const { authenticate } = scene({ keys: { jwks: set.url }, algorithms: ['ES256'] });
  expect(await authenticate(await sign(claims, KEY, 'HS256', 'one'))).toBe(null);
});

test('a JWKS that cannot be had says nothing of anybody, and is told of once: the clients come again', async () => {
  const set = await jwks();
  const key = await set.add('one');
  set.fail();
  const { authenticate, told } = scene({ keys: { jwks: set.url }, algorithms: ['ES256'] });
  const token = await sign(claims, key, 'ES256', 'one');
  for (let times = 1; times <= 3; times += 1)
    await expect(authenticate(token)).rejects.toThrow(/JWKS cannot be had/);
  expect(told).toEqual([expect.stringMatching(/JWKS cannot be had/)]);
});

test('a token that names no key is of whoever it says, while one key takes the place of another and after that', async () => {
  const set = await jwks();
  const old = await set.add('one');
  const { authenticate, told } = scene({ keys: { jwks: set.url }, algorithms: ['ES256'] });
  const isAda = async (key: CryptoKey) => (await authenticate(await sign(claims, key, 'ES256')))?.principal;
  expect(await isAda(old)).toBe('ada');
  const key = await set.add('two');
  // The keys are looked for again at most every 5 s.
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 6_000 });
  onTestFinished(() => void vi.useRealTimers());
  expect(await isAda(key)).toBe('ada');
  expect(await isAda(old)).toBe('ada');
  expect(told).toEqual([]);
  const { privateKey } = await generateKeyPair('ES256');
  expect(await authenticate(await sign(claims, privateKey, 'ES256'))).toBe(null);
  expect(told).toEqual([expect.stringMatching(/signature verification failed/)]);
});
