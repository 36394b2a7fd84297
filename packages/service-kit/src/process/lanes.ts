/** What became of one item: its lane goes on, its lane stops, or all lanes stop. */
export type LaneStep = 'next' | 'stop_lane' | 'stop_all';

interface LanesOptions<T> {
  /** Items of one lane are taken in order, one at a time. */
  readonly laneOf: (item: T) => string;
  /** Must not reject. */
  readonly take: (item: T) => Promise<LaneStep>;
  /** How many lanes go on side by side. */
  readonly lanesMax: number;
  /** True: no further item is taken. */
  readonly stopped: () => boolean;
}

const lanesIn = <T>(items: readonly T[], laneOf: (item: T) => string): T[][] => {
  const lanes = new Map<string, T[]>();
  for (const item of items) {
    const lane = lanes.get(laneOf(item));
    if (lane === undefined) lanes.set(laneOf(item), [item]);
    else lane.push(item);
  }
  return [...lanes.values()];
};

/** Works through items lane by lane, several lanes side by side. Resolves when no lane goes on. */
export const runLanes = async <T>(items: readonly T[], options: LanesOptions<T>): Promise<void> => {
  const { laneOf, take, lanesMax, stopped } = options;
  const lanes = lanesIn(items, laneOf);
  let all = false;
  const work = async (): Promise<void> => {
    for (let lane = lanes.shift(); lane !== undefined; lane = lanes.shift()) {
      for (const item of lane) {
        if (all || stopped()) return;
        const step = await take(item);
        all ||= step === 'stop_all';
        if (step !== 'next') break;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(lanesMax, lanes.length) }, work));
};
