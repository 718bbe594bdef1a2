/** What every panel is. */
import type { View } from '../view.ts';

export interface Panel {
  readonly name: string;
  readonly label: string;
  readonly element: HTMLElement;
  /** Only while it is shown. */
  update(view: View): void;
}
