import { z } from 'zod';
import { Problem } from '../problem.js';

const profileSchema = z.object({
  nodes: z.array(
    z.object({
      id: z.number(),
      callFrame: z.object({ functionName: z.string(), url: z.string(), lineNumber: z.number() }),
    }),
  ),
  samples: z.array(z.number()),
  timeDeltas: z.array(z.number()),
});
export type CpuProfile = z.infer<typeof profileSchema>;

/** One place and its share of the time in which the program did anything. */
export interface HotPlace {
  readonly place: string;
  readonly share: number;
}

export const checkProfile = (profile: unknown): CpuProfile => {
  const read = profileSchema.safeParse(profile);
  if (!read.success) throw new Problem('This is no profile that Node wrote with --cpu-prof.');
  return read.data;
};

const idle = new Set(['(idle)']);
const shortUrl = (url: string): string =>
  url.replace(/^file:\/\//, '').replace(/^.*\/(apps|packages|node_modules)\//, '$1/');

/** The functions, or the files, in which most time was spent themselves, the most first. */
export const hotPlaces = (
  profile: CpuProfile,
  by: 'function' | 'file',
  most: number,
): readonly HotPlace[] => {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node.callFrame]));
  const spent = new Map<string, number>();
  let total = 0;
  for (const [index, id] of profile.samples.entries()) {
    const frame = nodes.get(id);
    const time = profile.timeDeltas[index] ?? 0;
    if (frame === undefined || idle.has(frame.functionName)) continue;
    const file = frame.url === '' ? frame.functionName : shortUrl(frame.url);
    const place =
      by === 'file'
        ? file
        : `${frame.functionName || '(anonymous)'} ${shortUrl(frame.url)}:${frame.lineNumber + 1}`;
    spent.set(place, (spent.get(place) ?? 0) + time);
    total += time;
  }
  return [...spent]
    .sort(([, a], [, b]) => b - a)
    .slice(0, most)
    .map(([place, time]) => ({ place, share: time / total }));
};
