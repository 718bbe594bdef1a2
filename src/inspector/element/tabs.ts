/** Panels of which one is shown, and the tabs that say which: arrow keys lead from one to the next. */
import { make, setAttribute } from './dom.ts';

export interface Tab {
  readonly name: string;
  readonly label: string;
  readonly panel: HTMLElement;
}

export interface Tabs {
  readonly list: HTMLElement;
  /** Of the tab that is shown. */
  current(): string;
  focus(): void;
}

/** @param shown is told which one is shown, when a person has chosen another one */
export function createTabs(tabs: readonly Tab[], first: string, shown: (name: string) => void): Tabs {
  const list = make('div', { role: 'tablist', class: 'tabs', 'aria-label': 'Inspector' });
  let current = first;
  const buttons = tabs.map(({ name, label, panel }) => {
    const button = make('button', { type: 'button', role: 'tab', id: `tab-${name}` }, label);
    button.setAttribute('aria-controls', `panel-${name}`);
    button.addEventListener('click', () => select(name));
    panel.id = `panel-${name}`;
    panel.setAttribute('role', 'tabpanel');
    panel.setAttribute('aria-labelledby', button.id);
    return button;
  });
  list.append(...buttons);
  const show = () =>
    tabs.forEach(({ name, panel }, index) => {
      const isShown = name === current;
      panel.hidden = !isShown;
      const button = buttons[index];
      if (!button) return;
      setAttribute(button, 'aria-selected', `${isShown}`);
      button.tabIndex = isShown ? 0 : -1;
    });
  const select = (name: string) => {
    current = name;
    show();
    shown(name);
  };
  list.addEventListener('keydown', (event) => {
    const at = tabs.findIndex(({ name }) => name === current);
    const steps: Readonly<Record<string, number>> = {
      ArrowRight: (at + 1) % tabs.length,
      ArrowLeft: (at + tabs.length - 1) % tabs.length,
      Home: 0,
      End: tabs.length - 1,
    };
    const to = steps[event.key];
    const next = to === undefined ? undefined : tabs[to];
    if (to === undefined || !next) return;
    event.preventDefault();
    select(next.name);
    buttons[to]?.focus();
  });
  show();
  return {
    list,
    current: () => current,
    focus: () => buttons.find(({ tabIndex }) => tabIndex === 0)?.focus(),
  };
}
