/** What every `Engine` must do; run against the one in memory and against real ones. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type Engine,
  type Following,
  ForgottenError,
  type LogRecord,
  type Placed,
} from '../../src/server/replicated/engine.ts';

/** One log, and the engines of as many servers as a test opens on it. */
export interface TestedLog {
  open(): Promise<Engine>;
  /** From here until `goOn`, nothing that is asked of the log is answered. */
  halt(): void;
  goOn(): void;
  /** One part of the dump of this position is not there any more, as by a fault of the disk. */
  losePart(position: number): Promise<void>;
  /** Ends each connection of the engines, abruptly; left out where there are none. */
  cut?(): Promise<void>;
}

export interface EngineFactory {
  /** A log that holds nothing. */
  create(): Promise<TestedLog>;
}

const texts = (records: readonly LogRecord[]) => records.map(({ text }) => text);
const dumpOf = async function* (...parts: readonly string[]) {
  yield* parts;
};
const numbered = (count: number, name: string) => Array.from({ length: count }, (_, i) => `${name}${i}`);

export function engineConformance(name: string, factory: EngineFactory): void {
  describe(name, () => {
    let log: TestedLog;
    let engine: Engine;
    const engines: Engine[] = [];
    const open = async () => {
      const opened = await log.open();
      engines.push(opened);
      return opened;
    };
    beforeEach(async () => {
      log = await factory.create();
      engine = await open();
    });
    afterEach(async () => {
      await Promise.all(engines.splice(0).map((each) => each.close()));
    });

    /** By what it says itself: a read may return fewer records than it is allowed to. */
    const readAll = async (from = 1, by = engine) => {
      const found: LogRecord[] = [];
      for (;;) {
        const { records } = await by.read(from + found.length, 1_000);
        if (records.length === 0) return found;
        found.push(...records);
      }
    };
    const append = async (...all: readonly string[]) => {
      const placed: Placed[] = [];
      for (const text of all) placed.push(await engine.append(text));
      return placed;
    };
    const follow = (
      by: Engine,
      from = 1,
      onHear: (records: readonly LogRecord[]) => Promise<void> | undefined = () => undefined,
    ) => {
      const heard: LogRecord[] = [];
      const troubles: unknown[] = [];
      const following: Following = by.follow(
        from,
        async (records) => {
          await onHear(records);
          heard.push(...records);
        },
        (error) => troubles.push(error),
      );
      return { heard, troubles, following };
    };

    it('holds nothing at first', async () => {
      expect(await engine.newest()).toBe(0);
      expect(await engine.read(1, 10)).toEqual({ records: [], oldest: 1, newest: 0 });
    });

    it('gives each record the next position, from 1, and a time that is none before it', async () => {
      const placed = await append('a', 'b', 'c');
      expect(placed.map(({ position }) => position)).toEqual([1, 2, 3]);
      expect(placed.map(({ time }) => time)).toEqual(placed.map(({ time }) => time).sort((a, b) => a - b));
      expect(placed.every(({ time }) => Number.isSafeInteger(time) && time > 0)).toBe(true);
      await engine.newest();
      expect(await readAll()).toEqual(['a', 'b', 'c'].map((text, i) => ({ ...placed[i], text })));
    });

    it('keeps a text to the last byte', async () => {
      const odd = [
        '',
        '{"b":1,"a":1.0,"a":-0}',
        'line\r\nline\t"\\\'',
        'a\0b',
        'äß€😀',
        '\\x41',
        '{NULL,"x"}',
      ];
      await append(...odd);
      await engine.newest();
      expect(texts(await readAll())).toEqual(odd);
    });

    it('puts what many engines append at once in one order, each record once, where they were told', async () => {
      const others = [engine, await open(), await open()];
      const all = others.map((each, i) =>
        numbered(40, `${i}-`).map(async (text) => ({ ...(await each.append(text)), text })),
      );
      const placed = (await Promise.all(all.flat())).sort((a, b) => a.position - b.position);
      expect(placed.map(({ position }) => position)).toEqual(placed.map((_, i) => i + 1));
      for (const each of others) {
        expect(await each.newest()).toBe(placed.length);
        expect(await readAll(1, each)).toEqual(placed);
      }
    });

    it('reads from a position, no more than it is asked for, and tells the ends of the log', async () => {
      await append('a', 'b', 'c', 'd');
      await engine.newest();
      const part = await engine.read(2, 2);
      expect(texts(part.records)).toEqual(['b', 'c']);
      expect(part).toMatchObject({ oldest: 1, newest: 4 });
      expect(await engine.read(5, 2)).toEqual({ records: [], oldest: 1, newest: 4 });
    });

    it('knows of each append that had resolved, whoever made it, and can then read it', async () => {
      const other = await open();
      for (const text of numbered(20, 'r')) {
        const { position } = await engine.append(text);
        expect(await other.newest()).toBe(position);
        expect(texts((await other.read(position, 10)).records)).toEqual([text]);
      }
    });

    it('lets who follows hear every record in order, once, one call at a time, whoever appended it', async () => {
      const other = await open();
      await append('a', 'b');
      let calls = 0;
      let most = 0;
      const slowly = async () => {
        most = Math.max(most, ++calls);
        await new Promise(setImmediate);
        calls--;
      };
      const [own, foreign] = [follow(engine, 1, slowly), follow(other, 1, slowly)];
      await expect.poll(() => texts(own.heard)).toEqual(['a', 'b']);
      await expect.poll(() => texts(foreign.heard)).toEqual(['a', 'b']);
      most = 0;
      await own.following.stop();
      await Promise.all(numbered(50, 'r').map((text) => other.append(text)));
      await expect.poll(() => foreign.heard.length).toBe(52);
      expect(foreign.heard.map(({ position }) => position)).toEqual(foreign.heard.map((_, i) => i + 1));
      expect(foreign.heard).toEqual(await readAll());
      expect(most).toBe(1);
    });

    it('follows from a position, also one that is yet to come', async () => {
      await append('a', 'b');
      const [second, fourth] = [follow(engine, 2), follow(engine, 4)];
      await expect.poll(() => texts(second.heard)).toEqual(['b']);
      await append('c', 'd');
      await expect.poll(() => texts(second.heard)).toEqual(['b', 'c', 'd']);
      await expect.poll(() => texts(fourth.heard)).toEqual(['d']);
    });

    it('does not call who has stopped following', async () => {
      const { heard, following } = follow(engine);
      await append('a');
      await expect.poll(() => texts(heard)).toEqual(['a']);
      await following.stop();
      const still = follow(engine);
      await append('b');
      await expect.poll(() => texts(still.heard)).toEqual(['a', 'b']);
      expect(texts(heard)).toEqual(['a']);
    });

    it('lets who could not hear records hear them again, and tells when the trouble is over', async () => {
      await append('a', 'b');
      let left = 2;
      const { heard, troubles } = follow(engine, 1, async () => {
        if (left-- > 0) throw new Error('not now');
      });
      await expect.poll(() => texts(heard)).toEqual(['a', 'b']);
      await expect.poll(() => troubles).toEqual([new Error('not now'), new Error('not now'), null]);
    });

    it('follows on after a time without answers', async () => {
      const { heard } = follow(engine);
      await append('a');
      await expect.poll(() => texts(heard)).toEqual(['a']);
      log.halt();
      const appended = engine.append('b');
      await new Promise((done) => setTimeout(done, 200));
      log.goOn();
      await appended;
      await append('c');
      await expect.poll(() => texts(heard)).toEqual(['a', 'b', 'c']);
    });

    it('goes on by itself when its connections were cut', async () => {
      const { heard } = follow(engine);
      await append('a');
      await expect.poll(() => texts(heard)).toEqual(['a']);
      for (let i = 0; i < 3; i++) {
        await log.cut?.();
        await expect
          .poll(() => engine.append(`b${i}`).then(({ position }) => position, String))
          .toBeGreaterThan(1 + i);
      }
      const newest = await engine.newest();
      await expect.poll(() => heard.at(-1)?.position).toBe(newest);
      expect(heard).toEqual(await readAll());
      expect([...new Set(texts(heard))]).toEqual(['a', 'b0', 'b1', 'b2']);
    });

    it('forgets what is trimmed, and goes on counting', async () => {
      const other = await open();
      await append('a', 'b', 'c', 'd');
      await engine.newest();
      await engine.trim(3);
      await engine.trim(2);
      const kept = await other.read(1, 10);
      expect(kept.oldest).toBe(3);
      await other.newest();
      expect(texts(await readAll(3, other))).toEqual(['c', 'd']);
      await engine.trim(5);
      await other.newest();
      expect(await other.read(5, 10)).toEqual({ records: [], oldest: 5, newest: 4 });
      expect(await append('e')).toMatchObject([{ position: 5 }]);
      await engine.newest();
      expect(texts(await readAll(5))).toEqual(['e']);
    });

    it('trims no position that is not taken', async () => {
      await append('a');
      await engine.newest();
      await engine.trim(10);
      expect(await engine.newest()).toBe(1);
      expect(await append('b')).toMatchObject([{ position: 2 }]);
      await engine.newest();
      expect(await engine.read(2, 10)).toMatchObject({ records: [{ text: 'b' }], oldest: 2, newest: 2 });
    });

    it('tells who follows from a position that is forgotten, who then hears nothing', async () => {
      await append('a', 'b', 'c');
      await engine.newest();
      await engine.trim(3);
      const { heard, troubles } = follow(await open());
      await expect.poll(() => troubles).not.toEqual([]);
      expect(troubles[0]).toBeInstanceOf(ForgottenError);
      expect(troubles[0]).toMatchObject({ name: 'EngineError', reason: 'refused', oldest: 3 });
      await append('d');
      await engine.newest();
      expect(heard).toEqual([]);
    });

    const readDump = async (position: number, by = engine) => {
      const parts: string[] = [];
      for await (const part of by.readDump(position)) parts.push(part);
      return parts;
    };
    const noDump = { name: 'EngineError', reason: 'refused' };

    it('keeps a dump to the last byte, of as many parts as there are, and lets every engine read it', async () => {
      const other = await open();
      expect(await engine.dumps()).toEqual([]);
      await expect(readDump(3)).rejects.toMatchObject(noDump);
      const parts = [
        '{"a":1}\n',
        'ä€😀\n\\x00',
        '',
        'a\0b',
        'x'.repeat(engine.maxBytes),
        ...numbered(40, 'part '),
      ];
      await engine.keepDump(3, dumpOf(...parts));
      expect(await other.dumps()).toEqual([3]);
      expect((await readDump(3, other)).join('|') === parts.join('|')).toBe(true);
    });

    it('keeps the two dumps of the highest positions, in whatever order they come, and of one position the last one', async () => {
      const other = await open();
      for (const position of [7, 3, 5]) await engine.keepDump(position, dumpOf(`of ${position}`, 'more'));
      expect(await other.dumps()).toEqual([7, 5]);
      await expect(readDump(3)).rejects.toMatchObject(noDump);
      await other.keepDump(5, dumpOf('anew'));
      expect(await engine.dumps()).toEqual([7, 5]);
      expect(await readDump(5)).toEqual(['anew']);
      expect(await readDump(7)).toEqual(['of 7', 'more']);
    });

    it('keeps nothing of a dump that was not written to its end', async () => {
      const other = await open();
      await engine.keepDump(3, dumpOf('whole'));
      const given = Promise.withResolvers<void>();
      const goOn = Promise.withResolvers<void>();
      const unfinished = async function* () {
        yield 'begun';
        given.resolve();
        await goOn.promise;
        throw new Error('not to its end');
      };
      const kept = expect(engine.keepDump(5, unfinished())).rejects.toThrow('not to its end');
      await given.promise;
      expect(await other.dumps()).toEqual([3]);
      goOn.resolve();
      await kept;
      await expect(engine.keepDump(5, dumpOf('x'.repeat(engine.maxBytes + 1)))).rejects.toMatchObject(noDump);
      expect(await other.dumps()).toEqual([3]);
      await expect(readDump(5)).rejects.toMatchObject(noDump);
      await engine.keepDump(5, dumpOf('now'));
      expect(await readDump(5)).toEqual(['now']);
    });

    it('fails who reads a dump of which a part is lost, and lets the other one be read', async () => {
      const other = await open();
      for (const position of [3, 5])
        await engine.keepDump(position, dumpOf(...numbered(5, `of ${position} `)));
      await log.losePart(5);
      await expect(readDump(5, other)).rejects.toMatchObject(noDump);
      expect(await readDump(3, other)).toEqual(numbered(5, 'of 3 '));
    });

    it('fails who reads a dump that is kept no more, rather than tell it a part of it', async () => {
      await engine.keepDump(1, dumpOf(...numbered(40, 'part ')));
      const reading = engine.readDump(1)[Symbol.asyncIterator]();
      expect(await reading.next()).toEqual({ done: false, value: 'part 0' });
      for (const position of [2, 3]) await engine.keepDump(position, dumpOf('newer'));
      await expect(reading.next()).rejects.toMatchObject(noDump);
    });

    it('keeps no dump of a writer whose parts were forgotten since newer ones are there', async () => {
      const other = await open();
      const given = Promise.withResolvers<void>();
      const goOn = Promise.withResolvers<void>();
      const slow = async function* () {
        yield 'slow';
        given.resolve();
        await goOn.promise;
      };
      const kept = engine.keepDump(1, slow()).catch(() => {});
      await given.promise;
      for (const position of [2, 3]) await other.keepDump(position, dumpOf('newer'));
      goOn.resolve();
      await kept;
      expect(await other.dumps()).toEqual([3, 2]);
    });

    it('takes a record of as many bytes as it says, and refuses one of more before it writes anything', async () => {
      const tooLarge = `${'ä'.repeat(engine.maxBytes / 2)}x`;
      await expect(engine.append(tooLarge)).rejects.toMatchObject({ name: 'EngineError', reason: 'refused' });
      const largest = 'ä'.repeat(engine.maxBytes / 2);
      expect(await engine.append(largest)).toMatchObject({ position: 1 });
      await engine.newest();
      const [{ text } = { text: '' }] = await readAll();
      expect(text === largest).toBe(true);
    });

    it('leaves it open what becomes of an append under way when it is closed, and refuses everything after it', async () => {
      const other = await open();
      const { heard } = follow(other);
      await append('a');
      await other.append('b');
      await expect.poll(() => texts(heard)).toEqual(['a', 'b']);
      log.halt();
      const pending = [other.append('c'), other.append('d')].map((each) =>
        expect(each).rejects.toMatchObject({ name: 'EngineError', reason: 'unknown' }),
      );
      await new Promise((done) => setTimeout(done, 100));
      await other.close();
      await Promise.all(pending);
      log.goOn();
      const refused = { name: 'EngineError', reason: 'refused' };
      await expect(other.append('e')).rejects.toMatchObject(refused);
      await expect(other.read(1, 10)).rejects.toMatchObject(refused);
      await expect(other.newest()).rejects.toMatchObject(refused);
      await expect(other.trim(1)).rejects.toMatchObject(refused);
      await expect(other.keepDump(1, dumpOf('a'))).rejects.toMatchObject(refused);
      await expect(other.dumps()).rejects.toMatchObject(refused);
      await expect(readDump(1, other)).rejects.toMatchObject(refused);
      await other.close();
      await append('f');
      await engine.newest();
      const all = texts(await readAll()).filter((text) => text !== 'c' && text !== 'd');
      expect(all).toEqual(['a', 'b', 'f']);
      expect(texts(heard)).toEqual(['a', 'b']);
    });
  });
}
