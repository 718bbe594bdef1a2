/** A field that leaves of a table what has all of its words. */
import { make } from './dom.ts';

export interface Filter {
  readonly element: HTMLElement;
  of<Row>(rows: readonly Row[], textOf: (row: Row) => string): readonly Row[];
}

/** @param changed is called when other words were typed */
export function createFilter(label: string, changed: () => void): Filter {
  const field = make('input', { type: 'search', 'aria-label': label, placeholder: label });
  field.addEventListener('input', changed);
  return {
    element: field,
    of(rows, textOf) {
      const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      if (words.length === 0) return rows;
      return rows.filter((row) => {
        const text = textOf(row).toLowerCase();
        return words.every((word) => text.includes(word));
      });
    },
  };
}
