import { expect, test } from 'vitest';
import { readAddress } from '../../../src/server/postgres/address.ts';

test('a URL names any number of servers, and a database that is called as the user where it names none', () => {
  expect(readAddress('postgres://ann@db-1,db-2.example:6000,[::1]:7000/log')).toEqual({
    servers: [
      { host: 'db-1', port: 5_432 },
      { host: 'db-2.example', port: 6_000 },
      { host: '::1', port: 7_000 },
    ],
    user: 'ann',
    password: null,
    database: 'log',
  });
  expect(readAddress('postgresql://a%40b:p%2F%3A@127.0.0.1')).toEqual({
    servers: [{ host: '127.0.0.1', port: 5_432 }],
    user: 'a@b',
    password: 'p/:',
    database: 'a@b',
  });
});

test.each([
  'http://ann@db/log',
  'postgres://db/log',
  'postgres://ann@/log',
  'postgres://ann@db,/log',
  'postgres://ann@db:port/log',
  'postgres://ann@db/log?sslmode=require',
  'postgres://ann:se/cret@db/log',
  'postgres://ann:se@cret@db/log',
  'postgres://ann:%zz@db/log',
])('what is no such URL is refused without being repeated: %s', (url) => {
  expect(() => readAddress(url)).toThrow(/^not the URL of a database: (?!.*cret)/);
});
