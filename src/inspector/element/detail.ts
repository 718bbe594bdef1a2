/** All of the chosen row, below its table. */
import { make, setText } from './dom.ts';
import { createFacts } from './facts.ts';

export interface Detail {
  readonly element: HTMLElement;
  /** `null`: nothing is chosen. `payload`: as JSON; `null`: there is none to show. */
  update(
    of: { readonly facts: Readonly<Record<string, string | null>>; readonly payload: string | null } | null,
  ): void;
}

export function createDetail(label: string): Detail {
  const facts = createFacts();
  const payload = make('pre');
  const element = make(
    'section',
    { class: 'detail', tabindex: '0', 'aria-label': label },
    facts.element,
    payload,
  );
  element.hidden = true;
  return {
    element,
    update(of) {
      element.hidden = of === null;
      if (!of) return;
      facts.update(of.facts);
      payload.hidden = of.payload === null;
      setText(payload, of.payload ?? '');
    },
  };
}
