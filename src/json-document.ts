/** A JSON text whose parts know where they stand in it. */
import { type MemberNode, parse, type ValueNode } from '@humanwhocodes/momoa';

export interface Place {
  readonly line: number;
  readonly column: number;
}
export type Path = readonly PropertyKey[];

export class JsonDocument {
  readonly value: unknown;
  readonly #root: ValueNode;

  /** @throws JsonProblem where it is none. */
  constructor(text: string) {
    this.#root = rootOf(text);
    this.value = JSON.parse(text);
  }

  /** Where the value at a path stands, or what is nearest above it that is there. */
  placeOf(path: Path): Place {
    return nodeAt(this.#root, path).loc.start;
  }

  /** Where the name stands by which the value at a path is called. */
  placeOfName(path: Path): Place {
    const parent = nodeAt(this.#root, path.slice(0, -1));
    return memberOf(parent, path.at(-1))?.name.loc.start ?? parent.loc.start;
  }
}

/** What is no JSON. */
export class JsonProblem extends Error {
  readonly place: Place;

  constructor(message: string, place: Place) {
    super(message);
    this.place = place;
  }
}

function rootOf(text: string): ValueNode {
  try {
    return parse(text, { mode: 'json' }).body;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const { line = 1, column = 1 } = error as Error & Partial<Place>;
    throw new JsonProblem(error.message.replace(/ \(\d+:\d+\)$/, ''), { line, column });
  }
}

function nodeAt(root: ValueNode, path: Path): ValueNode {
  let node = root;
  for (const step of path) {
    const next = node.type === 'Array' ? node.elements[Number(step)]?.value : memberOf(node, step)?.value;
    if (!next) break;
    node = next;
  }
  return node;
}

/** Of two of one name the last one counts, as for `JSON.parse`. */
function memberOf(node: ValueNode, name: PropertyKey | undefined): MemberNode | undefined {
  if (node.type !== 'Object') return undefined;
  return node.members.filter((member) => member.name.type === 'String' && member.name.value === name).at(-1);
}
