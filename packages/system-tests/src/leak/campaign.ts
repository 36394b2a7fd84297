import { setTimeout as pause } from 'node:timers/promises';
import type { RunJson } from '../start-lethe.js';
import { billedRequests, ingestOf, organizationOf } from '../support/accounting.js';
import { inParallel } from '../support/figures.js';
import { chat, requestIdOf } from '../support/http.js';
import { waitFor } from '../wait-for.js';
import { type Manifest, Planter, type Profile, type ProfileName } from './manifest.js';
import { type Cell, nameOf } from './matrix.js';

/** Most of the time goes into waiting for providers that say nothing. */
const REQUESTS_AT_ONCE = 24;

export const profilesOf = (run: RunJson): Record<ProfileName, Profile> => {
  const open = organizationOf(run, 'open-demo');
  const zdr = organizationOf(run, 'zdr-demo');
  const profile = (name: ProfileName, key: string | undefined, adminToken: string): Profile => {
    if (key === undefined) throw new Error(`there is no key for ${name}`);
    return { name, key, adminToken };
  };
  return {
    zdr: profile('zdr', zdr.keys.default, zdr.adminToken),
    quiet: profile('quiet', open.keys.quiet, open.adminToken),
    logging: profile('logging', open.keys.logging, open.adminToken),
  };
};

/** Asks every cell. Rejects with the cells whose answer was not what makes them worth anything. */
export const askCells = async (
  run: RunJson,
  manifest: Manifest,
  round: string,
  cells: readonly Cell[],
): Promise<void> => {
  const profiles = profilesOf(run);
  const failed: string[] = [];
  await inParallel(cells, REQUESTS_AT_ONCE, async (cell) => {
    const { route, outcome, streaming, profile } = cell;
    const planter = new Planter(profiles[profile], `${round}/${nameOf(cell)}`, manifest);
    await outcome
      .run({ route, streaming, planter, router: run.router })
      .catch((error: Error) => failed.push(error.message));
  });
  if (failed.length > 0) throw new Error(failed.slice(0, 40).join('\n'));
};

/** Asks every cell. Resolves when all of it has arrived wherever it goes. */
export const runCampaign = async (
  run: RunJson,
  manifest: Manifest,
  round: string,
  cells: readonly Cell[],
): Promise<number> => {
  await askCells(run, manifest, round, cells);
  await settle(run, Object.values(profilesOf(run)));
  return cells.length;
};

/** Telemetry leaves a router in the order in which requests end: once a last one is billed, all before it are. */
const settle = async (run: RunJson, profiles: readonly Profile[]): Promise<void> => {
  await pause(1_000); // Aborted requests end when the router has noticed.
  const from = new Date();
  for (const { key, adminToken } of profiles) {
    const last = await chat(run.router, key, {
      model: 'sim/echo',
      messages: [{ role: 'user', content: 'The last.' }],
    });
    await waitFor(
      async () =>
        (await billedRequests(run, adminToken, from)).some(
          ({ request_id }) => request_id === requestIdOf(last),
        ),
      20_000,
      100,
    );
  }
  await waitFor(
    async () => (await ingestOf(run)).topics.every(({ lag_records }) => lag_records === 0),
    20_000,
    100,
  );
};
