import type { CommandOf, EventInput } from 'trunkline/protocol';
import { Reject } from 'trunkline/server';
import { type DemoProtocol, TOPICS } from '../protocol.ts';

interface Posting {
  readonly id: string;
  publish(topic: string, event: EventInput<DemoProtocol>): void;
}

/** Takes notes from visitors, but not the same one twice in a row. */
export class Notes {
  #newest: { readonly id: string | null; readonly text: string | undefined };

  /** `newest`: the text of the newest note from before this server. */
  constructor(newest: string | undefined) {
    this.#newest = { id: null, text: newest };
  }

  post({ text }: CommandOf<DemoProtocol, 'post_note'>, command: Posting): void {
    if (this.#newest.text === text && this.#newest.id !== command.id) {
      throw new Reject('same_note', 'The newest note says the same already');
    }
    this.#newest = { id: command.id, text };
    command.publish(TOPICS.notes, { type: 'note', text });
  }
}
