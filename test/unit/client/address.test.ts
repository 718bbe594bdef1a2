import { expect, test } from 'vitest';
import { address } from '../../../src/protocol/address.ts';

const page = 'https://app.test/console/';

test('a token and a URL are what the functions give, the URL absolute', async () => {
  expect(await address(page, { url: '/live', token: async () => 't' })).toEqual({ token: 't' });
  expect(await address(page, { url: async () => '/live?ticket=1#x', token: () => null })).toEqual({
    token: null,
    url: 'wss://app.test/live?ticket=1',
  });
});

test('what throws is for now, and says why', async () => {
  const token = () => Promise.reject(new Error('the token endpoint answered 503'));
  expect(await address(page, { url: '/live', token })).toEqual({
    failed: 'Error: the token endpoint answered 503',
  });
});

test.for([
  ['GET https://ann:pw@a.test/token?key=1#2 failed', 'GET https://a.test/token failed'],
  ['https://ann:pw@a.test/token: 503', 'https://a.test/token: 503'],
  ['is it /token or wss://a.test/live?', 'is it /token or wss://a.test/live'],
  ['what? 12:30, ann@a.test', 'what? 12:30, ann@a.test'],
])('what an error quotes of a URL is told without its secrets: %s', async ([message, told]) => {
  const token = () => Promise.reject(message);
  expect(await address(page, { url: '/live', token })).toEqual({ failed: told });
});

test('what is no URL is not quoted', async () => {
  const answer = await address(page, { url: () => 'http://secret ticket' });
  expect(answer).toEqual({ failed: 'TypeError: `url` is no URL' });
});
