import type { JsonSchema } from '@valibot/to-json-schema';
import { describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { type Example, readProtocolDocument } from '../../../scripts/protocol-document.ts';
import { frameShapes, sharedShapes } from '../../../scripts/protocol-schema.ts';
import { defineProtocol } from '../../../src/protocol/define.ts';
import {
  clientFrames,
  parseClientMessage,
  parseServerMessage,
  serverFrames,
} from '../../../src/protocol/frames/index.ts';
import {
  closeCodeOf,
  endOfGoodbye,
  endOfSocket,
  type GoodbyeCode,
} from '../../../src/protocol/goodbye-codes.ts';
import { SUBPROTOCOL } from '../../../src/protocol/version.ts';
import type { Said } from '../../../worker/core/dialect/dialect.ts';
import { plainObjects } from '../../../worker/core/dialect/plain.ts';

const PLAIN = 'The plain dialect';
const sections = readProtocolDocument();
const spoken = sections.filter(({ chapter }) => chapter !== PLAIN);
const traces = spoken.flatMap(({ title, traces }) => traces.map((trace) => ({ title, trace })));
const GOODBYES: readonly GoodbyeCode[] = [
  'unauthorized',
  'identity_mismatch',
  'superseded',
  'draining',
  'bad_frame',
  'unsupported',
  'overloaded',
];

function section(title: string) {
  const found = sections.find((section) => section.title === title);
  if (!found) throw new Error(`docs/protocol.md has no section "${title}"`);
  return found;
}

/** The frames of a message, as the other side reads them. */
function read({ from, text }: Example) {
  return from === 'client' ? [...parseClientMessage(text)] : parseServerMessage(text);
}
const at = ({ line }: Example) => `docs/protocol.md:${line}`;

test('the document is about the version that is spoken', () => {
  expect(sections[0]?.title).toBe(`The wire protocol ${SUBPROTOCOL}`);
});

describe('the examples', () => {
  const examples = spoken.flatMap(({ frames, traces }) => [...frames, ...traces.flat()]);

  test.each(examples.map((example) => ({ where: at(example), example })))(
    '$where parses, and has no field that the frame does not know',
    ({ example }) => {
      const message: unknown = JSON.parse(example.text);
      const written = Array.isArray(message) ? message : [message];
      expect(read(example)).toEqual(written.map((frame) => ({ ok: true, frame })));
    },
  );

  test('show every frame in its own section', () => {
    for (const [chapter, frames] of Object.entries({
      'Client to server': clientFrames,
      'Server to client': serverFrames,
    })) {
      expect(
        sections.filter((s) => s.chapter === chapter && s.title !== chapter).map((s) => s.title),
      ).toEqual(Object.keys(frames));
      for (const type of Object.keys(frames)) {
        const types = section(type).frames.map(({ text }) => JSON.parse(text).type);
        expect(types, type).toContain(type);
        expect(new Set(types), type).toEqual(new Set([type]));
      }
    }
  });

  test('show every optional field of every frame at least once', () => {
    const shown = new Map<string, Set<string>>();
    for (const example of examples) {
      for (const parsed of read(example)) {
        if (!parsed.ok) continue;
        const fields = shown.get(parsed.frame.type) ?? new Set();
        for (const field of Object.keys(parsed.frame)) fields.add(field);
        shown.set(parsed.frame.type, fields);
      }
    }
    for (const [type, { entries }] of Object.entries({ ...clientFrames, ...serverFrames }))
      expect([...(shown.get(type) ?? [])].sort(), type).toEqual(Object.keys(entries).sort());
  });
});

describe('the sequences', () => {
  test('answer what was asked: refs, pings and command ids agree', () => {
    for (const { title, trace } of traces) {
      const refs = new Map<string, number>();
      const asked = new Set<string>();
      for (const example of trace) {
        for (const parsed of read(example)) {
          if (!parsed.ok) continue;
          const { frame } = parsed;
          const where = `${at(example)} (${title})`;
          switch (frame.type) {
            case 'subscribe':
            case 'resync_request':
              refs.set(frame.topic, frame.ref);
              break;
            case 'subscribed':
            case 'snapshot':
              expect([0, refs.get(frame.topic)], where).toContain(frame.ref);
              break;
            case 'ping':
              asked.add(`ping ${frame.id}`);
              break;
            case 'command':
            case 'withdraw':
              asked.add(`command ${frame.id}`);
              break;
            case 'pong':
              expect([...asked], where).toContain(`ping ${frame.id}`);
              break;
            case 'command_ack':
            case 'command_nack':
              expect([...asked], where).toContain(`command ${frame.id}`);
              break;
          }
        }
      }
    }
  });

  test('keep the order: no event is a repeat, and a hole is followed by a resync', () => {
    for (const { title, trace } of traces) {
      /** By topic; `null` while its answer is outstanding. */
      const cursors = new Map<string, number | null>();
      let holeIn: string | null = null;
      for (const example of trace) {
        for (const parsed of read(example)) {
          if (!parsed.ok) continue;
          const { frame } = parsed;
          const where = `${at(example)} (${title})`;
          if (frame.type === 'resync_request' && frame.topic === holeIn) holeIn = null;
          expect(holeIn, where).toBeNull();
          if (frame.type === 'subscribe' || frame.type === 'resync_request') {
            cursors.set(frame.topic, null);
            if (frame.type === 'subscribe' && frame.cursor) cursors.set(frame.topic, frame.cursor.offset);
          } else if (frame.type === 'snapshot' && frame.last) {
            expect(frame.events.map(({ offset }) => offset).every((offset) => offset <= frame.offset)).toBe(
              true,
            );
            cursors.set(frame.topic, frame.offset);
          } else if (frame.type === 'event' && !frame.redelivery) {
            const cursor = cursors.get(frame.topic);
            if (cursor === null) continue;
            if (cursor !== undefined) expect(frame.offset, where).toBeGreaterThan(cursor);
            if (cursor !== undefined && (frame.prev ?? frame.offset - 1) !== cursor) holeIn = frame.topic;
            else cursors.set(frame.topic, frame.offset);
          }
        }
      }
      expect(holeIn, title).toBeNull();
    }
  });

  test('begin a connection with hello and welcome (or goodbye)', () => {
    for (const { title, trace } of traces) {
      trace.forEach((example, index) => {
        const next = trace[index + 1];
        const type = (of: Example | undefined) => (of ? JSON.parse(of.text).type : undefined);
        if (type(example) === 'hello') expect(['welcome', 'goodbye'], title).toContain(type(next));
      });
    }
  });

  test('show every goodbye', () => {
    const shown: string[] = [];
    for (const { trace } of traces) {
      for (const parsed of trace.flatMap<ReturnType<typeof read>[number]>(read))
        if (parsed.ok && parsed.frame.type === 'goodbye') shown.push(parsed.frame.code);
    }
    expect(new Set(shown)).toEqual(new Set(GOODBYES));
  });
});

describe('the tables', () => {
  const shapes = { ...clientFrames, ...serverFrames, ...sharedShapes };

  test.each(Object.keys(shapes))(
    'name every field of `%s`, and no other, and which may be left out',
    (name) => {
      const shape = frameShapes()[name];
      const written = section(name).fields.map((field) => `${field.name}${field.optional ? '?' : ''}`);
      expect(written).toEqual(shape ? fieldsOf(shape) : []);
    },
  );

  test('explain every field but `type`', () => {
    for (const name of Object.keys(shapes))
      for (const field of section(name).fields)
        if (field.name !== 'type') expect(field.meaning, `${name}.${field.name}`).not.toBe('');
  });

  test('give each goodbye the close code and the fate that it has in the hub', () => {
    const rows = section('goodbye').rows.map((cells) => cells.map((cell) => cell.replaceAll('`', '')));
    expect(rows.map(([code]) => code)).toEqual(GOODBYES);
    for (const code of GOODBYES) {
      const [, closeCode, usualRetry, , client = ''] = rows.find(([name]) => name === code) ?? [];
      const { fate } = endOfGoodbye(code, usualRetry === 'true');
      expect(Number(closeCode), code).toBe(closeCodeOf(code));
      const words = {
        token: 'asks a tab for a new token',
        pause: 'pauses',
        later: 'not counted as a failure',
        retry: '; counted as a failure',
      };
      expect(client, code).toContain(words[fate]);
      if (closeCodeOf(code) >= 4000) expect(endOfSocket(closeCodeOf(code)).fate, code).toBe(fate);
    }
  });
});

/** As the tables write them: nested ones by their path, those of a shared shape in its own table. */
function fieldsOf(schema: JsonSchema, path = ''): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const own = `${path}${name}`;
    if (typeof field === 'boolean') return [own];
    const isOptional = !schema.required?.includes(name);
    const { items } = field;
    const inner = typeof items === 'object' && !Array.isArray(items) ? items : undefined;
    // An application's own object (an event, a command) says nothing of its fields but `type`.
    const isOpen = typeof field.additionalProperties === 'object';
    return [
      `${own}${isOptional ? '?' : ''}`,
      ...(isOpen ? [] : fieldsOf(field, `${own}.`)),
      ...(inner ? fieldsOf(inner, `${own}[].`) : []),
    ];
  });
}

describe('the plain dialect', () => {
  const examples = sections.filter(({ chapter }) => chapter === PLAIN).flatMap(({ traces }) => traces.flat());
  const application = defineProtocol({
    app: 'console',
    version: 1,
    events: {
      node_state: {
        schema: z.object({ node: z.string(), state: z.string() }),
        key: ({ node }) => `node:${node}`,
      },
      log_line: { schema: z.object({ text: z.string() }) },
    },
    commands: { human_decision: { schema: z.object({ gate: z.string(), verdict: z.string() }) } },
  });
  const hub = {
    ownershipId: 'hub-1',
    resyncAfterMs: 30_000,
    heardAt: null,
    hasState: () => true,
    isReading: () => false,
    kept: () => [],
    received: () => {},
  };
  const context = { counts: { malformedFrames: 0 }, reportOnce: () => {}, after: () => {} };
  const dialect = () => plainObjects.createDialect(hub, context);
  const written = (said: readonly Said[]) => said.find((one) => typeof one === 'string') ?? null;
  const fromServer = examples.filter(({ from }) => from === 'server');
  const fromClient = examples.filter(({ from }) => from === 'client');

  test.each(fromServer.map((example) => ({ where: at(example), example })))(
    '$where is what a server may say',
    ({ example }) => {
      const [parsed] = dialect().decode(example.text, 0);
      if (typeof parsed !== 'object' || !('ok' in parsed) || !parsed.ok) throw new Error(`read as ${parsed}`);
      const { type } = JSON.parse(example.text);
      const meant = { ack: 'command_ack', nack: 'command_nack', pong: 'pong' }[type as string] ?? 'event';
      expect(parsed.frame.type).toBe(meant);
      if (parsed.frame.type === 'event') expect(Object.keys(application.events)).toContain(type);
    },
  );

  test.each(fromClient.map((example) => ({ where: at(example), example })))(
    '$where is what the hub writes',
    ({ example }) => {
      const message = JSON.parse(example.text);
      expect(JSON.parse(hubWrites(message) ?? 'null')).toEqual(message);
    },
  );

  /** What leads the hub to a message of this type, and what it then writes. */
  function hubWrites({
    type,
    id,
    priority,
    timestamp,
    ...rest
  }: {
    [field: string]: unknown;
  }): string | null {
    const spoken = dialect();
    if (type === 'ping') return written(spoken.encode({ type, id: 1 }, 0));
    if (type === 'resync_request') {
      const { last_seen: lastSeen } = rest;
      const last = { type: 'log_line', text: '', ...(lastSeen !== null && { timestamp: lastSeen }) };
      spoken.decode(JSON.stringify(last), 0);
      const afterOutage = hub.resyncAfterMs + 1;
      spoken.encode(
        { type: 'hello', client_id: crypto.randomUUID(), app: 'console', app_version: 1, term: 1 },
        afterOutage,
      );
      return written(spoken.encode({ type, topic: 'default', ref: 1, last_seen: null }, afterOutage));
    }
    const [frame] = parseClientMessage(
      JSON.stringify({
        type: 'command',
        id,
        priority,
        created_at: timestamp,
        attempt: 1,
        app_version: 1,
        command: { type, ...rest },
      }),
    );
    if (!frame?.ok) throw new Error(frame?.message ?? 'no frame');
    return written(spoken.encode(frame.frame, 0));
  }

  test('shows every message that it has', () => {
    const types = (of: readonly Example[]) => new Set(of.map(({ text }) => JSON.parse(text).type));
    expect(types(fromClient)).toEqual(new Set(['human_decision', 'ping', 'resync_request']));
    expect(types(fromServer)).toEqual(new Set(['node_state', 'log_line', 'ack', 'nack', 'pong']));
  });

  test('is open to the application of the examples', () => {
    expect(plainObjects.refusal(application)).toBeNull();
  });
});
