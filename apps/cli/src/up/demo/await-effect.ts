import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { ApiClient } from '../../operator/api-client.js';
import { remark } from '../../terminal/print.js';
import { Problem } from '../../terminal/problem.js';

const routerPatienceMs = 30_000;
const transitPatienceMs = 10_000;
const askEveryMs = 40;
const callTimeoutMs = 2_000;

const eventPage = z.object({
  data: z.array(z.object({ event: z.looseObject({ partitionkey: z.string().optional() }) })),
});

export interface EffectOptions {
  readonly router: string;
  readonly adminConfig: string;
  /** Audit, with the operator's token. */
  readonly audit: ApiClient;
  /** The organizations whose keys may log. */
  readonly loggingOrgIds: readonly string[];
  /** When this run began. */
  readonly since: Date;
  readonly signal: AbortSignal;
}

/** Asks until the answer is yes; false when the patience is over or `signal` fires. A question that fails counts as no. */
const until = async (
  ask: () => Promise<boolean>,
  patienceMs: number,
  signal: AbortSignal,
): Promise<boolean> => {
  const deadlineMs = performance.now() + patienceMs;
  while (!signal.aborted) {
    if (await ask().catch(() => false)) return true;
    if (performance.now() > deadlineMs) return false;
    await pause(askEveryMs);
  }
  return false;
};

const get = (url: string): Promise<Response> => fetch(url, { signal: AbortSignal.timeout(callTimeoutMs) });

/** The version of the configuration that admin-config sends to routers. */
const policyVersion = async (adminConfig: string): Promise<number> => {
  const text = await (await get(`${adminConfig}/metrics`)).text();
  const version = /^lethe_admin_policy_version(?:\{[^}]*\})? (\d+)$/m.exec(text)?.[1];
  if (version === undefined) throw new Error('no version yet');
  return Number(version);
};

const routerVersion = async (router: string): Promise<number> => {
  const response = await get(`${router}/v1/models`);
  await response.arrayBuffer();
  return Number(response.headers.get('x-lethe-policy-version') ?? '-1');
};

/** Transit keys are new with each start; what a router would seal to an older one nobody could read. */
const transitKeysRegistered = async ({ audit, loggingOrgIds, since }: EffectOptions): Promise<boolean> => {
  const query = new URLSearchParams({
    type: 'transit_key.registered',
    from: since.toISOString(),
    limit: '200',
  });
  const { data } = await audit.call('GET', `/v1/audit/events?${query}`, eventPage);
  const registered = new Set(data.map(({ event }) => event.partitionkey));
  return loggingOrgIds.every((orgId) => registered.has(orgId));
};

/**
 * Waits until the router works by the configuration as it is now: it serves every key, and payloads are sealed to keys
 * of this run. Rejects with Problem when it does not within 30 s; resolves to nothing when `signal` fires.
 */
export const awaitEffect = async (options: EffectOptions): Promise<void> => {
  const { router, adminConfig, signal } = options;
  const canLog = await until(() => transitKeysRegistered(options), transitPatienceMs, signal);
  if (!canLog && !signal.aborted) remark('  payloads cannot be stored yet: see the log of accounting');
  let wanted: number | undefined;
  const follows = await until(
    async () => {
      wanted ??= await policyVersion(adminConfig);
      return (await routerVersion(router)) >= wanted;
    },
    routerPatienceMs,
    signal,
  );
  if (!follows && !signal.aborted)
    throw new Problem('The router does not follow admin-config.', 'The logs of both say why.');
};
