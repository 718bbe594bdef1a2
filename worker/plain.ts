export { plainCodec } from './core/dialect/codec-dialect.ts';
export type { Message } from './core/dialect/dialect.ts';
export type {
  PlainAnswer,
  PlainCodec,
  PlainCommand,
  PlainEnd,
  PlainEventOf,
  PlainLine,
  PlainMessages,
  PlainWord,
  PlainWords,
  PlainWritten,
} from './core/dialect/plain-codec.ts';
export type { PlainSupport } from './core/dialect/plain-support.ts';
