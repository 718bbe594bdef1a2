import type { KeyboardEvent } from 'react';
import { formatCount } from '../ui/format.ts';
import { Icon } from '../ui/icon.tsx';
import { useGraphActions } from './graph-context.ts';
import { nextMatch } from './search.ts';

interface Props {
  readonly words: string;
  readonly onWords: (words: string) => void;
  /** In the order in which Enter goes through them. */
  readonly matches: readonly string[];
}

/** Marks what it finds; Enter goes to the next one, with Shift to the one before. */
export function SearchBox({ words, onWords, matches }: Props) {
  const { selected, select } = useGraphActions();
  const at = selected === null ? -1 : matches.indexOf(selected);
  const pressed = ({ key, shiftKey }: KeyboardEvent) => {
    if (key === 'Escape') onWords('');
    if (key !== 'Enter') return;
    const next = nextMatch(matches, selected, shiftKey ? -1 : 1);
    if (next !== null) select(next);
  };
  return (
    <search className="graph-search">
      <Icon name="inspect" />
      <input
        type="search"
        aria-label="Find a node"
        placeholder="Find a node"
        title="Enter goes to the next one"
        value={words}
        onChange={({ target }) => onWords(target.value)}
        onKeyDown={pressed}
      />
      <output className="tabular">
        {words.trim() !== '' &&
          (matches.length === 0
            ? 'None'
            : `${at === -1 ? '' : `${formatCount(at + 1)} of `}${formatCount(matches.length)}`)}
      </output>
    </search>
  );
}
