import { type ReactNode, type RefObject, useId, useLayoutEffect, useRef } from 'react';
import { isFree } from '../ui/landing.ts';
import { Modal } from '../ui/modal.tsx';
import { useMedia } from '../ui/use-media.ts';

interface Props {
  readonly isBeside: boolean;
  /** The gate: when it changes, the dialog begins again. */
  readonly about: string;
  readonly title: string;
  readonly eyebrow: ReactNode;
  /** It is of another run than the one on the screen. */
  readonly isElsewhere: boolean;
  /** A person wants to see it. Otherwise it opened by itself, and takes the focus from nobody. */
  readonly isAsked: boolean;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** Where the focus goes when what had it before is gone: to the next gate, or to the run. */
const NEXT = ['.gate-banner button', '.run-item[aria-current]', '.run-header .back', '.brand'];

/** There is room for a gate beside its run, which can be used meanwhile. In a narrow window it is above everything. */
export function useIsBeside(): boolean {
  return useMedia('(min-width: 1000px)');
}

/** Where a gate is shown. When it closes while it has the focus, that goes back to where it was. */
export function GateFrame(props: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const before = useRef(document.activeElement);
  useLayoutEffect(() => {
    const element = frame.current;
    return () => {
      const hadFocus = element?.contains(document.activeElement);
      // A modal dialog is still open now, and whatever is outside takes no focus.
      if (hadFocus) queueMicrotask(() => focusNext(before.current));
    };
  }, []);
  return (
    <div ref={frame} className="gate" data-elsewhere={props.isElsewhere}>
      {props.isBeside ? <Beside {...props} /> : <Modal {...props} />}
    </div>
  );
}

function focusNext(before: Element | null): void {
  const { activeElement, body } = document;
  if (activeElement !== null && activeElement !== body) return;
  for (const next of [before, ...NEXT.map((selector) => document.querySelector(selector))]) {
    if (next instanceof HTMLElement && next !== body && next.checkVisibility()) return next.focus();
  }
}

function Beside({ about, title, eyebrow, isAsked, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const headingId = useId();
  useFocusAtBegin(about, isAsked, dialog, heading);
  return (
    // `showModal` and `show` would take the focus: it is open by its attribute.
    <dialog
      open
      ref={dialog}
      className="beside"
      aria-labelledby={headingId}
      onKeyDown={(event) => {
        if (event.key === 'Escape') onClose();
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

/**
 * Who asked for a gate begins in its field, from where the next stop is beside the button that approves; who goes to another one,
 * at its heading. A gate that opened by itself takes the focus only where nothing has it.
 */
function useFocusAtBegin(
  about: string,
  isAsked: boolean,
  dialog: RefObject<HTMLDialogElement | null>,
  heading: RefObject<HTMLHeadingElement | null>,
): void {
  const isFirst = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: it begins again when what it is about changes
  useLayoutEffect(() => {
    const isInside = dialog.current?.contains(document.activeElement) ?? false;
    // On a touch screen a field that has the focus brings up a keyboard that nobody asked for.
    const takesField = isFirst.current && isAsked && !matchMedia('(pointer: coarse)').matches;
    const field = takesField ? dialog.current?.querySelector('textarea') : null;
    isFirst.current = false;
    if (isAsked || isFree() || isInside) (field ?? heading.current)?.focus();
  }, [about]);
}
