/** How the element comes to be: loaded when it is first needed. */
const NAME = 'trunkline-inspector';

/** Loads `<trunkline-inspector>` and defines it; again, it does nothing. Resolves when elements of that name are inspectors. */
export async function defineInspector(): Promise<void> {
  const { TrunklineInspector } = await import('./element/inspector-element.ts');
  if (!customElements.get(NAME)) customElements.define(NAME, TrunklineInspector);
}
