import { expect, test } from 'vitest';
import { Context } from '../../../worker/core/context.ts';
import { Sessions } from '../../../worker/core/sessions.ts';
import { hubSettings } from '../../../worker/core/settings.ts';
import { ops } from './ops.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');

const contextOf = () =>
  new Context({
    protocol: ops,
    settings: hubSettings(),
    ownershipId: 'o',
    identity: 'ann',
    sessions: new Sessions(),
    random: () => 0,
    uuid: () => 'u',
    now: NOW,
    ticks: 0,
  });

test('what is to be waited for is not due at once, though it is less than the clock shows', () => {
  const context = contextOf();
  const ran: string[] = [];
  context.after('ttl', 1e-5, () => ran.push('a'));
  context.after('idle', 0, () => ran.push('b'));
  context.tick(NOW, 0);
  expect(ran).toEqual(['b']);
  context.tick(NOW + 1, 1);
  expect(ran).toEqual(['b', 'a']);
});
