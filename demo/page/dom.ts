/** An element of page.html. @throws Error where it has none of this kind. */
export function find<T extends Element>(id: string, kind: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`page.html has no ${kind.name} with the id ${id}`);
  return found;
}

export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  made.className = className;
  made.append(...children);
  return made;
}

export function button(label: string, pressed: () => void): HTMLButtonElement {
  const made = element('button', 'small', label);
  made.type = 'button';
  made.addEventListener('click', pressed);
  return made;
}

/** Sets a text, if it is another one: unchanged text is neither laid out nor read out again. */
export function write(target: Element, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

/**
 * Makes the children of `parent` one for each item, in their order. An item with the same key keeps its element, and with
 * it the focus of the buttons inside.
 */
export function renderList<T>(
  parent: Element,
  items: readonly T[],
  keyOf: (item: T) => string,
  create: (item: T) => HTMLElement,
): void {
  const known = new Map([...parent.children].map((child) => [child.getAttribute('data-key'), child]));
  const wanted = items.map((item) => {
    const key = keyOf(item);
    const child = known.get(key) ?? create(item);
    child.setAttribute('data-key', key);
    known.delete(key);
    return child;
  });
  for (const child of known.values()) child.remove();
  for (const [index, child] of wanted.entries()) {
    if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null);
  }
}
