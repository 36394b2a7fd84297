import { setTimeout as pause } from 'node:timers/promises';
import type { RunJson } from '../start-lethe.js';
import { billedRequests, ingestOf, organizationOf } from '../support/accounting.js';
import { inParallel } from '../support/figures.js';
import { chat, requestIdOf } from '../support/http.js';
import { waitFor } from '../wait-for.js';
import { chatCases, type LeakCase } from './chat-cases.js';
import { type Manifest, Planter, type Profile, type ProfileName } from './manifest.js';
import { rawCases } from './raw-cases.js';

export const allCases: readonly LeakCase[] = [...chatCases, ...rawCases];

export const profilesOf = (run: RunJson): Profile[] => {
  const open = organizationOf(run, 'open-demo');
  const zdr = organizationOf(run, 'zdr-demo');
  const profile = (name: ProfileName, key: string | undefined, adminToken: string): Profile => {
    if (key === undefined) throw new Error(`there is no key for ${name}`);
    return { name, key, adminToken };
  };
  return [
    profile('zdr', zdr.keys.default, zdr.adminToken),
    profile('quiet', open.keys.quiet, open.adminToken),
    profile('logging', open.keys.logging, open.adminToken),
  ];
};

/** Sends every case with every profile. Resolves when all of it has arrived wherever it goes. */
export const runCampaign = async (
  run: RunJson,
  manifest: Manifest,
  round: string,
  cases: readonly LeakCase[] = allCases,
): Promise<number> => {
  const profiles = profilesOf(run);
  const sent = await Promise.all(
    profiles.map((profile) =>
      inParallel(cases, 3, async ({ name, run: send }) => {
        await send(new Planter(profile, `${round}/${name}`, manifest), run.router);
      }),
    ),
  );
  await settle(run, profiles);
  return sent.reduce((sum, { length }) => sum + length, 0);
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
