import { type KeyboardEvent, type ReactNode, useId, useState } from 'react';

/**
 * A few plain words, with the exact ones behind them: shown under the pointer, with the focus, and by a tap, until Escape or
 * the next tap.
 */
export function Explained({ words, children }: { words: ReactNode; children: ReactNode }) {
  const id = useId();
  const [isOpen, setIsOpen] = useState(false);
  const close = () => setIsOpen(false);
  const leave = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || !isOpen) return;
    event.stopPropagation();
    close();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the pointer only shows what the button does as well
    <span className="explained" onMouseEnter={() => setIsOpen(true)} onMouseLeave={close}>
      <button
        type="button"
        className="explained-words"
        aria-describedby={id}
        onFocus={() => setIsOpen(true)}
        onBlur={close}
        onClick={() => setIsOpen(true)}
        onKeyDown={leave}
      >
        {words}
      </button>
      <span role="tooltip" id={id} className="explained-more" data-open={isOpen}>
        {children}
      </span>
    </span>
  );
}
