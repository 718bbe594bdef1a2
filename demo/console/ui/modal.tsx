import { type KeyboardEvent, type ReactNode, useId, useLayoutEffect, useRef } from 'react';

/** A person who was typing when it opened must not answer it by accident. */
const IGNORE_ENTER_MS = 500;

/**
 * A dialog above everything. The browser keeps the focus in it and gives it back; it begins at the heading, so that no
 * key pressed by habit decides anything. `about`: what it is about; when that changes, it begins again.
 */
export function Modal({
  about,
  title,
  eyebrow,
  onClose,
  children,
}: {
  about: string;
  title: string;
  eyebrow?: ReactNode;
  onClose: () => void;
  children: ReactNode;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const openedAt = useRef(0);
  const headingId = useId();

  // Layout effects, since they end while the element is still in the document: one that is gone gives no focus back.
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: it begins again when what it is about changes
  useLayoutEffect(() => {
    openedAt.current = performance.now();
    heading.current?.focus();
    heading.current?.scrollIntoView({ block: 'nearest' });
  }, [about]);

  const guard = (event: KeyboardEvent<HTMLElement>) => {
    if (event.key === 'Tab') keepFocusIn(event);
    const isActivation = event.key === 'Enter' || event.key === ' ';
    if (!isActivation || performance.now() - openedAt.current >= IGNORE_ENTER_MS) return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <dialog
      ref={dialog}
      className="modal"
      aria-labelledby={headingId}
      onKeyDownCapture={guard}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <div className="modal-eyebrow">{eyebrow}</div>
      <h2 id={headingId} ref={heading} tabIndex={-1}>
        {title}
      </h2>
      {children}
    </dialog>
  );
}

const STOPS = 'button:enabled, input:enabled, textarea:enabled, select:enabled, a[href], [tabindex="0"]';

/** The browser keeps the page's other parts out of reach, but would let the focus go to its own. */
function keepFocusIn(event: KeyboardEvent<HTMLElement>): void {
  const stops = [...event.currentTarget.querySelectorAll<HTMLElement>(STOPS)];
  const at = stops.findIndex((stop) => stop.matches(':focus'));
  const isLeaving = event.shiftKey ? at <= 0 : at === stops.length - 1;
  if (!isLeaving) return;
  event.preventDefault();
  stops.at(event.shiftKey ? -1 : 0)?.focus();
}
