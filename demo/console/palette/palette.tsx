import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import { Modal } from '../ui/modal.tsx';
import { type Command, GROUPS, offeredCommands } from './commands.ts';

/** All that can be done from here, by typing a part of its name: a field with a list that the arrow keys move in. */
export function Palette({ onClose }: { onClose: () => void }) {
  const [words, setWords] = useState('');
  const [active, setActive] = useState(0);
  const field = useRef<HTMLInputElement>(null);
  const listId = useId();
  const commands = offeredCommands(words);
  const chosen = commands[active];
  const idOf = (command: Command) => `${listId}-${commands.indexOf(command)}`;

  // After the dialog, which begins at its heading.
  useEffect(() => field.current?.focus(), []);
  useEffect(() => {
    document.getElementById(`${listId}-${active}`)?.scrollIntoView({ block: 'nearest' });
  }, [listId, active]);

  const run = (command: Command) => {
    // It gives the focus back before the command takes it elsewhere.
    flushSync(onClose);
    command.run();
  };
  const press = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && commands.length > 0) {
      event.preventDefault();
      setActive((active + step + commands.length) % commands.length);
    } else if (event.key === 'Enter' && chosen && !event.nativeEvent.isComposing) {
      event.preventDefault();
      run(chosen);
    }
  };
  return (
    <Modal about="palette" title="What do you want to do?" onClose={onClose}>
      <input
        ref={field}
        role="combobox"
        aria-label="Find a run, a gate or a command"
        aria-expanded={commands.length > 0}
        aria-controls={listId}
        aria-activedescendant={chosen && idOf(chosen)}
        aria-autocomplete="list"
        autoComplete="off"
        spellCheck={false}
        placeholder="A run, a gate or a command"
        value={words}
        onChange={({ target }) => {
          setWords(target.value);
          setActive(0);
        }}
        onKeyDown={press}
      />
      <div className="palette-list" role="listbox" id={listId} aria-label="Commands">
        {GROUPS.map((group) => {
          const own = commands.filter((command) => command.group === group);
          if (own.length === 0) return null;
          return (
            // biome-ignore lint/a11y/useSemanticElements: a group of options has no element of its own
            <div key={group} role="group" aria-label={group}>
              <p className="palette-group" aria-hidden="true">
                {group}
              </p>
              {own.map((command) => (
                // biome-ignore lint/a11y/useKeyWithClickEvents: the field has the keys
                <div
                  key={idOf(command)}
                  id={idOf(command)}
                  role="option"
                  className="palette-option"
                  aria-selected={command === chosen}
                  tabIndex={-1}
                  onClick={() => run(command)}
                  onMouseMove={() => setActive(commands.indexOf(command))}
                >
                  <span>{command.title}</span>
                  {command.about && <span className="palette-about">{command.about}</span>}
                </div>
              ))}
            </div>
          );
        })}
      </div>
      <p className="hint" role="status">
        {commands.length === 0
          ? 'Nothing here has that name.'
          : 'Arrow keys and Enter. A gate can be opened here, not decided.'}
      </p>
    </Modal>
  );
}
