/** A place that watched paths pass or end at. Ids are positions in the list; 0 stands for nothing watched. */
export interface WatchNode {
  /** As in the paths given, up to here. */
  readonly path: string;
  /** Position in `paths` when one ends here, or -1. */
  pattern: number;
  /** Id of the node of the items, when this is an array. */
  item: number;
  /** Ids of the nodes behind keys, when this is an object. */
  readonly keys: Map<string, number>;
}

/** Paths made ready for findPaths(): once per process, not per request. */
export interface Watch {
  readonly paths: readonly string[];
  readonly nodes: readonly WatchNode[];
  /** Id of the node of each top-level field that a path begins with. */
  readonly fields: ReadonlyMap<string, number>;
}

const shape = /^[A-Za-z0-9_-]{1,64}(?:\[\]|\.[A-Za-z0-9_-]{1,64}){0,16}$/;
const nodesMax = 256;

const node = (path: string): WatchNode => ({ path, pattern: -1, item: 0, keys: new Map() });

/**
 * Prepares paths such as `tools[].type`: keys after dots, `[]` for every item, beginning with a top-level field. At most
 * 16 steps of 64 letters, digits, `_`, `-` and 256 places in all; throws RangeError otherwise.
 */
export const compilePaths = (paths: readonly string[]): Watch => {
  const nodes: WatchNode[] = [node('')];
  const fields = new Map<string, number>();
  const add = (path: string): number => {
    if (nodes.length > nodesMax) throw new RangeError('too many paths to watch');
    nodes.push(node(path));
    return nodes.length - 1;
  };
  const behind = (id: number, step: string): number => {
    const from = nodes[id] as WatchNode;
    if (step === '[]') {
      if (from.item === 0) from.item = add(`${from.path}[]`);
      return from.item;
    }
    const known = from.keys.get(step);
    if (known !== undefined) return known;
    const made = add(`${from.path}.${step}`);
    from.keys.set(step, made);
    return made;
  };
  paths.forEach((path, pattern) => {
    if (!shape.test(path)) throw new RangeError('not a path that can be watched');
    const [field = '', ...steps] = path.match(/\[\]|[^.[\]]+/g) ?? [];
    let id = fields.get(field) ?? add(field);
    fields.set(field, id);
    for (const step of steps) id = behind(id, step);
    (nodes[id] as WatchNode).pattern = pattern;
  });
  return { paths, nodes, fields };
};
