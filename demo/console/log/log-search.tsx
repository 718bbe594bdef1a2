import { formatCount, plural } from '../ui/format.ts';
import { Icon } from '../ui/icon.tsx';

/** Looks for text in a log: how many lines have it, and the way from one to the next. */
export function LogSearch({
  text,
  onText,
  found,
  current,
  onStep,
}: {
  text: string;
  onText: (text: string) => void;
  found: readonly number[];
  current: number | null;
  onStep: (by: 1 | -1) => void;
}) {
  const at = current === null ? -1 : found.indexOf(current);
  return (
    <search className="log-search">
      <input
        type="search"
        aria-label="Search the log"
        placeholder="Search the log"
        value={text}
        onChange={({ target }) => onText(target.value)}
        onKeyDown={({ key, shiftKey }) => key === 'Enter' && onStep(shiftKey ? -1 : 1)}
      />
      {text !== '' && (
        <>
          <output className="hint tabular">
            {found.length === 0 && 'Nothing found'}
            {found.length > 0 &&
              (at < 0
                ? plural(found.length, 'line')
                : `${formatCount(at + 1)} of ${formatCount(found.length)}`)}
          </output>
          <button
            type="button"
            className="button icon-only small"
            aria-label="Previous match"
            disabled={found.length === 0}
            onClick={() => onStep(-1)}
          >
            <Icon name="up" />
          </button>
          <button
            type="button"
            className="button icon-only small"
            aria-label="Next match"
            disabled={found.length === 0}
            onClick={() => onStep(1)}
          >
            <Icon name="down" />
          </button>
        </>
      )}
    </search>
  );
}
