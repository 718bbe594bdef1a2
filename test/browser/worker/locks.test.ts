import { describe, expect, it, onTestFinished } from 'vitest';
import { hold, untilGone } from '../../../src/protocol/leases.ts';
import { ownerLock, seekOwnership } from '../../../worker/shell/election.ts';

const NEVER = new AbortController().signal;

/** A page of the same origin that holds a lock; its removal is as abrupt as a crash. */
async function pageHolding(name: string): Promise<HTMLIFrameElement> {
  const page = document.createElement('iframe');
  document.body.append(page);
  onTestFinished(() => page.remove());
  const { navigator } = page.contentWindow as Window;
  await new Promise<void>((granted) => {
    navigator.locks.request(name, () => {
      granted();
      return new Promise(() => {});
    });
  });
  return page;
}

async function isHeld(name: string): Promise<boolean> {
  const { held = [] } = await navigator.locks.query();
  return held.some((lock) => lock.name === name);
}

describe('a lease', () => {
  it('ends when the page that holds it is gone, and is not kept', async () => {
    const name = crypto.randomUUID();
    const page = await pageHolding(name);
    let gone = false;
    const over = untilGone(navigator.locks, name, NEVER).then(() => {
      gone = true;
    });
    await navigator.locks.query();
    expect(gone).toBe(false);
    page.remove();
    await over;
    expect(await isHeld(name)).toBe(false);
  });

  it('is waited for by one request, which an abort takes back', async () => {
    const name = crypto.randomUUID();
    await pageHolding(name);
    const watch = new AbortController();
    const over = untilGone(navigator.locks, name, watch.signal);
    const waiting = async () =>
      ((await navigator.locks.query()).pending ?? []).filter((lock) => lock.name === name).length;
    await expect.poll(waiting).toBe(1);
    watch.abort();
    await expect(over).rejects.toThrow('abort');
    await expect.poll(waiting).toBe(0);
  });

  it('cannot be waited for under a name that the platform reserves', async () => {
    await expect(untilGone(navigator.locks, '-reserved', NEVER)).rejects.toThrow();
    await expect(hold(navigator.locks, '-reserved', NEVER)).rejects.toThrow();
  });

  it('is held until it is released', async () => {
    const name = crypto.randomUUID();
    const life = new AbortController();
    await hold(navigator.locks, name, life.signal);
    expect(await isHeld(name)).toBe(true);
    life.abort();
    await expect.poll(() => isHeld(name)).toBe(false);
  });
});

describe('the ownership', () => {
  it('belongs to one, and passes on when it is given up', async () => {
    const identity = crypto.randomUUID();
    const events: string[] = [];
    const seek = (name: string, of = identity) => {
      const giveUp = seekOwnership(navigator.locks, 'app', of, 'wait', {
        taken: () => events.push(`${name} takes`),
        lost: (why) => events.push(`${name} loses: ${why}`),
      });
      onTestFinished(giveUp);
      return giveUp;
    };
    const giveUpFirst = seek('first');
    const giveUpSecond = seek('second');
    seek('third');
    await expect.poll(() => events).toEqual(['first takes']);
    seek('other', crypto.randomUUID());
    await expect.poll(() => events).toEqual(['first takes', 'other takes']);
    giveUpSecond();
    giveUpFirst();
    await expect.poll(() => events).toEqual(['first takes', 'other takes', 'third takes']);
    giveUpFirst();
    giveUpSecond();
    await navigator.locks.query();
    expect(events).toHaveLength(3);
  });

  it('passes on when it is given up in the moment that it is taken', async () => {
    const identity = crypto.randomUUID();
    const giveUp = seekOwnership(navigator.locks, 'app', identity, 'wait', {
      taken: () => giveUp(),
      lost: () => {},
    });
    let taken = false;
    const giveUpNext = seekOwnership(navigator.locks, 'app', identity, 'wait', {
      taken: () => {
        taken = true;
      },
      lost: () => {},
    });
    onTestFinished(giveUpNext);
    await expect.poll(() => taken).toBe(true);
  });

  it('passes on when its holder is gone', async () => {
    const identity = crypto.randomUUID();
    const page = await pageHolding(ownerLock('app', identity));
    let taken = false;
    const giveUp = seekOwnership(navigator.locks, 'app', identity, 'wait', {
      taken: () => {
        taken = true;
      },
      lost: () => {},
    });
    onTestFinished(giveUp);
    await navigator.locks.query();
    expect(taken).toBe(false);
    page.remove();
    await expect.poll(() => taken).toBe(true);
  });

  it('is lost to whoever steals it', async () => {
    const identity = crypto.randomUUID();
    const events: string[] = [];
    const giveUp = seekOwnership(navigator.locks, 'app', identity, 'wait', {
      taken: () => events.push('taken'),
      lost: () => events.push('lost'),
    });
    onTestFinished(giveUp);
    await expect.poll(() => events).toEqual(['taken']);
    const thief = seekOwnership(navigator.locks, 'app', identity, 'steal', {
      taken: () => events.push('stolen'),
      lost: () => events.push('lost by the thief'),
    });
    onTestFinished(thief);
    await expect.poll(() => events.toSorted()).toEqual(['lost', 'stolen', 'taken']);
    thief();
    await expect.poll(() => isHeld(ownerLock('app', identity))).toBe(false);
  });
});
