import { Modal } from '../ui/modal.tsx';

const SHORTCUTS: readonly { keys: string; does: string }[] = [
  { keys: 'Ctrl K or ⌘ K', does: 'Find a run, a gate or a command' },
  { keys: '?', does: 'Show these shortcuts' },
  { keys: 'Tab, Shift Tab', does: 'Go through what can be used on the page' },
  {
    keys: 'Enter, Space',
    does: 'Use what has the focus; a dialog that has just opened ignores them at first',
  },
  { keys: 'Escape', does: 'Close the dialog, the drawer or the explanation; a gate goes on waiting' },
];

export function Shortcuts({ onClose }: { onClose: () => void }) {
  return (
    <Modal about="shortcuts" title="Keyboard shortcuts" onClose={onClose}>
      <dl className="shortcuts">
        {SHORTCUTS.map(({ keys, does }) => (
          <div key={keys}>
            <dt>{keys}</dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <p className="hint">No shortcut decides a gate.</p>
      <div className="modal-actions">
        <button type="button" className="button" onClick={onClose}>
          Close
        </button>
      </div>
    </Modal>
  );
}
