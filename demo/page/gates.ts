import { TrunklineError } from 'trunkline';
import { TOPICS } from '../protocol.ts';
import type { DemoClient } from './client.ts';
import { element, find, renderList, write } from './dom.ts';
import { clock, sayEntry, sayTopic } from './words.ts';

const DECISIONS_SHOWN = 4;

interface Decision {
  readonly offset: number;
  readonly text: string;
}

/** The question that waits for a person, and what became of those before it. */
export function showGates(client: DemoClient): void {
  const topic = client.topic<'gate' | 'decision'>(TOPICS.gates);
  const panel = find('gate', HTMLElement);
  const question = find('question', HTMLElement);
  const notice = find('gate-notice', HTMLElement);
  const approve = find('approve', HTMLButtonElement);
  const reject = find('reject', HTMLButtonElement);

  const gates = topic.latest('gate');
  const openGate = () => [...gates.get().values()].at(-1);
  const show = () => {
    const gate = openGate();
    // Sent from any tab, it is seen as pending in all.
    const pending = gate && client.outbox.pending('human_decision', `gate:${gate.gate}`).get();
    panel.dataset['state'] = !gate ? 'none' : pending ? 'pending' : 'open';
    write(
      question,
      gate ? `Gate ${gate.gate}: ${gate.question}` : 'The server asks its next question in a moment.',
    );
    write(
      notice,
      pending ? `${sayEntry(pending)}: ${pending.state}. Close or reload the tab, it stays.` : '',
    );
    document.title = gate && !pending ? `(1) trunkline` : 'trunkline';
    approve.disabled = reject.disabled = !gate || pending !== undefined;
  };
  gates.subscribe(show);
  client.outbox.subscribe(show);

  const decide = async (verdict: 'approve' | 'reject') => {
    const gate = openGate();
    if (!gate) return;
    try {
      await client.send('human_decision', { gate: gate.gate, verdict }, { topic: TOPICS.gates });
    } catch (error) {
      if (!(error instanceof TrunklineError)) throw error;
      write(notice, error.message);
    }
  };
  approve.addEventListener('click', () => decide('approve'));
  reject.addEventListener('click', () => decide('reject'));

  // Gates are critical: the server repeats one until a listener, in some tab, has had it.
  const announcement = find('gate-announcement', HTMLElement);
  topic.on('gate', ({ state, gate }) => {
    if (state === 'open') write(announcement, `Gate ${gate} waits for you.`);
  });

  topic
    .view<readonly Decision[]>([], (decisions, event, { offset, ts }) => {
      if (event.type !== 'decision') return decisions;
      const { gate, verdict, commandId, attempt } = event;
      const text = `${clock(ts)}  Gate ${gate}: ${verdict}, attempt ${attempt} of command ${commandId.slice(0, 8)}`;
      return [{ offset, text }, ...decisions].slice(0, DECISIONS_SHOWN);
    })
    .subscribe((decisions) =>
      renderList(
        find('decisions', HTMLElement),
        decisions,
        ({ offset, text }) => `${offset} ${text}`,
        ({ text }) => element('li', '', text),
      ),
    );
  topic.status.subscribe((status) => write(find('gates-status', HTMLElement), sayTopic(status)));
}
