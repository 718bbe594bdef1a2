/** What any core of this process found impossible, also where no page was there to be told. */
import { Context } from '../../worker/core/context.ts';

const found: string[] = [];
const { assert } = Context.prototype;
Context.prototype.assert = function (holds, impossible, id) {
  if (!holds) found.push(`the hub found what cannot be: ${impossible}`);
  return assert.call(this, holds, impossible, id);
};

/** Since this was asked last. */
export function takeImpossible(): string[] {
  return found.splice(0);
}
