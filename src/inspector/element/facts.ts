/** A list of names with their values, of which those change that did. */
import { make, setText } from './dom.ts';

export interface Facts {
  readonly element: HTMLElement;
  /** In the order in which they are first named. `null`: there is nothing to say, and its name is not shown. */
  update(values: Readonly<Record<string, string | null>>): void;
}

/** @param isKey figures to be seen from afar */
export function createFacts(isKey = false): Facts {
  const element = make('dl', { class: isKey ? 'facts key' : 'facts' });
  const known = new Map<string, { readonly line: HTMLElement; readonly value: HTMLElement }>();
  return {
    element,
    update(values) {
      for (const [label, text] of Object.entries(values)) {
        const fact = known.get(label) ?? add(label);
        fact.line.hidden = text === null;
        setText(fact.value, text ?? '');
      }
    },
  };

  function add(label: string) {
    const value = make('dd');
    const line = make('div', {}, make('dt', {}, label), value);
    element.append(line);
    const fact = { line, value };
    known.set(label, fact);
    return fact;
  }
}
