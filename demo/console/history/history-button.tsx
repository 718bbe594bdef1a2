import type { Ref } from 'react';
import { Icon } from '../ui/icon.tsx';

/** Shows who did what in the run, in place of what happens in it now. */
export function HistoryButton({
  isShown,
  onShow,
  ref,
}: {
  isShown: boolean;
  onShow: (isShown: boolean) => void;
  ref: Ref<HTMLButtonElement>;
}) {
  return (
    <button
      ref={ref}
      type="button"
      className="button quiet"
      aria-pressed={isShown}
      onClick={() => onShow(!isShown)}
    >
      <Icon name="clock" />
      History
    </button>
  );
}
