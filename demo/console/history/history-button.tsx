import { Icon } from '../ui/icon.tsx';

/** Shows who did what in the run, in place of what happens in it now. */
export function HistoryButton({ isShown, onShow }: { isShown: boolean; onShow: (isShown: boolean) => void }) {
  return (
    <button
      type="button"
      className="button quiet history-button"
      aria-pressed={isShown}
      onClick={() => onShow(!isShown)}
    >
      <Icon name="clock" />
      History
    </button>
  );
}
