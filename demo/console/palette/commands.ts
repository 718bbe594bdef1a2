import { useEffect, useRef } from 'react';

/** In the order in which the palette shows them. */
export const GROUPS = ['Decisions', 'Go to', 'View', 'Page', 'Start', 'This run'] as const;

/** What a person can do by the palette. It may open a gate, and never decides one. */
export interface Command {
  readonly group: (typeof GROUPS)[number];
  readonly title: string;
  /** What tells it from others of its title. */
  readonly about?: string;
  run(): void;
}

type Offer = () => readonly Command[];
const offers = new Set<Offer>();

/** Offers these as long as the component is there that can do them. */
export function useCommands(commands: readonly Command[]): void {
  const newest = useRef(commands);
  useEffect(() => {
    newest.current = commands;
  });
  useEffect(() => {
    const offer: Offer = () => newest.current;
    offers.add(offer);
    return () => {
      offers.delete(offer);
    };
  }, []);
}

/** All that is offered now and has each of these words. */
export function offeredCommands(words: string): readonly Command[] {
  const wanted = words.toLowerCase().split(/\s+/);
  const found = [...offers]
    .flatMap((offer) => offer())
    .filter(({ group, title, about = '' }) => {
      const text = `${group} ${title} ${about}`.toLowerCase();
      return wanted.every((word) => text.includes(word));
    });
  return GROUPS.flatMap((group) => found.filter((command) => command.group === group));
}
