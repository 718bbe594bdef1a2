/** `trunkline/conformance`: the kit for use in a test. */
export {
  type ConformOptions,
  conform,
  type Judgement,
  type Report,
  type Tally,
  type Verdict,
} from './conform.ts';
export type { Level } from './obligation.ts';
export { type Profile, type ProfileInput, readProfile } from './profile.ts';
export { lineOf, summaryOf } from './report.ts';
