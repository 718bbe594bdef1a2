/**
 * A table of which only the rows in sight are made. Arrow keys move the chosen row; it and the scrolled place stay while rows come and
 * go, and what did not change is not touched.
 */
import { make, setAttribute, setText } from './dom.ts';

export interface Column<Row> {
  readonly label: string;
  /** As a track of CSS grid. */
  readonly width: string;
  /** Left out where it is narrow. */
  readonly isMinor?: boolean;
  /** Set to the right, for figures. */
  readonly isNumber?: boolean;
  text(row: Row): string;
  /** Shows it otherwise than as this text, which it has to hold all the same. */
  draw?(cell: HTMLElement, row: Row, text: string): void;
}

export interface GridOptions<Row> {
  /** What the rows are, for those who do not see them. */
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  keyOf(row: Row): string;
  /** Colours the row, by one of the states in the styles; `''`: none. */
  toneOf?(row: Row): string;
  /** Another row is chosen, or the chosen one has changed; `null`: none. */
  chosen?(row: Row | null): void;
}

export interface Grid<Row> {
  readonly element: HTMLElement;
  update(rows: readonly Row[]): void;
}

const ROW_PX = 28;
/** So many rows beyond either edge are made ahead of being seen. */
const AHEAD = 8;
let grids = 0;

interface Made {
  readonly element: HTMLElement;
  readonly cells: readonly HTMLElement[];
}

export function createGrid<Row>(options: GridOptions<Row>): Grid<Row> {
  const { label, columns, keyOf, toneOf, chosen } = options;
  const id = `grid-${++grids}`;
  const header = make('div', { role: 'row', class: 'head row', 'aria-rowindex': '1' });
  for (const column of columns)
    header.append(make('div', { role: 'columnheader', ...classesOf(column) }, column.label));
  const body = make('div', { role: 'rowgroup', class: 'rows' });
  const element = make(
    'div',
    { role: 'grid', class: 'grid', tabindex: '0', 'aria-label': label, 'aria-readonly': 'true' },
    make('div', { role: 'rowgroup', class: 'heads' }, header),
    body,
  );
  element.style.setProperty('--i-columns', columns.map(({ width }) => width).join(' '));
  const major = columns.filter(({ isMinor }) => !isMinor);
  element.style.setProperty('--i-major-columns', major.map(({ width }) => width).join(' '));

  let rows: readonly Row[] = [];
  let indexes: ReadonlyMap<string, number> = new Map();
  let chosenKey: string | null = null;
  const made = new Map<string, Made>();

  const height = () => Math.max(ROW_PX, element.clientHeight - ROW_PX);
  const show = () => {
    const first = Math.max(0, Math.floor(element.scrollTop / ROW_PX) - AHEAD);
    const last = Math.min(rows.length, Math.ceil((element.scrollTop + height()) / ROW_PX) + AHEAD);
    const seen = new Set<string>();
    const showAt = (index: number) => {
      const row = rows[index];
      if (row === undefined) return;
      const key = keyOf(row);
      seen.add(key);
      fill(made.get(key) ?? makeRow(key), row, key, index);
    };
    for (let index = first; index < last; index++) showAt(index);
    // Whoever hears the chosen row has to find it.
    const chosenAt = chosenKey === null ? undefined : indexes.get(chosenKey);
    if (chosenAt !== undefined) showAt(chosenAt);
    for (const [key, row] of made)
      if (!seen.has(key)) {
        row.element.remove();
        made.delete(key);
      }
    const chosenRow = chosenKey === null ? undefined : made.get(chosenKey);
    if (chosenRow) setAttribute(element, 'aria-activedescendant', chosenRow.element.id);
    else element.removeAttribute('aria-activedescendant');
  };
  const makeRow = (key: string): Made => {
    const cells = columns.map((column) => make('div', { role: 'gridcell', ...classesOf(column) }));
    const row = make('div', { role: 'row', class: 'row', id: `${id}-${rowId++}` }, ...cells);
    row.addEventListener('click', () => choose(key));
    body.append(row);
    const result = { element: row, cells };
    made.set(key, result);
    return result;
  };
  let rowId = 0;
  const fill = ({ element: line, cells }: Made, row: Row, key: string, index: number) => {
    const top = `${index * ROW_PX}px`;
    if (line.style.top !== top) line.style.top = top;
    // The head is the first.
    setAttribute(line, 'aria-rowindex', `${index + 2}`);
    setAttribute(line, 'aria-selected', `${key === chosenKey}`);
    if (toneOf) setAttribute(line, 'data-tone', toneOf(row));
    columns.forEach((column, at) => {
      const cell = cells[at];
      if (!cell) return;
      const text = column.text(row);
      if (column.draw) column.draw(cell, row, text);
      else setText(cell, text);
      setAttribute(cell, 'title', text);
    });
  };

  const choose = (key: string | null) => {
    chosenKey = key;
    const index = key === null ? undefined : indexes.get(key);
    if (index !== undefined) {
      const top = index * ROW_PX;
      const { scrollTop } = element;
      if (top < scrollTop) element.scrollTop = top;
      else if (top + ROW_PX > scrollTop + height()) element.scrollTop = top + ROW_PX - height();
    }
    show();
    chosen?.(index === undefined ? null : (rows[index] ?? null));
  };

  element.addEventListener('scroll', show);
  element.addEventListener('keydown', (event) => {
    const at = chosenKey === null ? -1 : (indexes.get(chosenKey) ?? -1);
    const page = Math.max(1, Math.floor(height() / ROW_PX) - 1);
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: at + 1,
      ArrowUp: Math.max(0, at - 1),
      PageDown: at + page,
      PageUp: Math.max(0, at - page),
      Home: 0,
      End: rows.length - 1,
    };
    const to = steps[event.key];
    if (event.key === 'Escape' && chosenKey !== null) choose(null);
    else if (to !== undefined && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const row = rows[Math.min(to, rows.length - 1)];
      if (row !== undefined) choose(keyOf(row));
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  new ResizeObserver(show).observe(element);

  return {
    element,
    update(next) {
      const { scrollTop } = element;
      const anchor = scrollTop > 0 ? rows[Math.floor(scrollTop / ROW_PX)] : undefined;
      const anchorKey = anchor === undefined ? null : keyOf(anchor);
      const before = anchorKey === null ? undefined : indexes.get(anchorKey);
      rows = next;
      indexes = new Map(next.map((row, index) => [keyOf(row), index]));
      const tall = `${rows.length * ROW_PX}px`;
      if (body.style.height !== tall) body.style.height = tall;
      setAttribute(element, 'aria-rowcount', `${rows.length + 1}`);
      // What is being read stays where it is, though rows came above it.
      const now = anchorKey === null ? undefined : indexes.get(anchorKey);
      if (before !== undefined && now !== undefined && now !== before)
        element.scrollTop = scrollTop + (now - before) * ROW_PX;
      const chosenAt = chosenKey === null ? undefined : indexes.get(chosenKey);
      if (chosenKey !== null && chosenAt === undefined) chosenKey = null;
      show();
      if (chosen) chosen(chosenAt === undefined ? null : (rows[chosenAt] ?? null));
    },
  };
}

function classesOf<Row>({ isMinor, isNumber, draw }: Column<Row>): { class: string } {
  return {
    class: ['cell', isMinor && 'minor', isNumber && 'number', draw && 'drawn'].filter(Boolean).join(' '),
  };
}
