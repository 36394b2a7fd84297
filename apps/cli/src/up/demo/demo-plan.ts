/** What a first start makes, so that the first request works: two organizations that show both ends. */
export const demoPlan = [
  {
    slug: 'open-demo',
    name: 'Open demo',
    zdr: false,
    keys: [
      { name: 'logging', logging: true },
      { name: 'quiet', logging: false },
    ],
  },
  { slug: 'zdr-demo', name: 'ZDR demo', zdr: true, keys: [{ name: 'default', logging: false }] },
] as const;

export type DemoPlan = (typeof demoPlan)[number];
