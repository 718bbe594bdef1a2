export type { Level } from './case.ts';
export {
  type ConformOptions,
  conform,
  type Judgement,
  type Outcome,
  type Report,
  type Tally,
} from './conform.ts';
export { type Profile, type ProfileInput, readProfile } from './profile.ts';
export { lineOf, summaryOf } from './report.ts';
