import { useEffect, useState } from 'react';
import { Palette } from './palette.tsx';
import { Shortcuts } from './shortcuts.tsx';

export type Helper = 'palette' | 'shortcuts';

/** The page's own keys, and the two dialogs that they open. A dialog that asks something comes first. */
export function useKeyboard() {
  const [helper, setHelper] = useState<Helper | null>(null);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const wanted = helperOf(event);
      if (!wanted || document.querySelector('dialog:modal')) return;
      event.preventDefault();
      setHelper(wanted);
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);
  const close = () => setHelper(null);
  return {
    open: setHelper,
    dialog: (
      <>
        {helper === 'palette' && <Palette onClose={close} />}
        {helper === 'shortcuts' && <Shortcuts onClose={close} />}
      </>
    ),
  };
}

function helperOf({ key, ctrlKey, metaKey, altKey, shiftKey, target }: KeyboardEvent): Helper | null {
  const isChord = ctrlKey || metaKey;
  if (isChord && !altKey && !shiftKey && key.toLowerCase() === 'k') return 'palette';
  const isField = target instanceof Element && target.matches('input, textarea, select, [contenteditable]');
  return key === '?' && !isChord && !isField ? 'shortcuts' : null;
}
