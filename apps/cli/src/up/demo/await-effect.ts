import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { ApiClient } from '../../operator/api-client.js';
import { remark } from '../../terminal/print.js';
import { Problem } from '../../terminal/problem.js';

const routerPatienceMs = 30_000;
const transitPatienceMs = 10_000;
const gatePatienceMs = 10_000;
const askEveryMs = 40;
const callTimeoutMs = 2_000;

const eventPage = z.object({
  data: z.array(z.object({ event: z.looseObject({ partitionkey: z.string().optional() }) })),
});

export interface EffectOptions {
  /** The router's operator port. */
  readonly routerOperator: string;
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

/** A figure of a service's `/metrics`; rejects while there is none. */
const figure = async (service: string, name: string): Promise<number> => {
  const text = await (await get(`${service}/metrics`)).text();
  const value = new RegExp(`^${name}(?:\\{[^}]*\\})? (\\d+)$`, 'm').exec(text)?.[1];
  if (value === undefined) throw new Error('no figure yet');
  return Number(value);
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

/** Grants rest after each start until admin-config has held the anchors against its database. */
const awaitGrants = async ({ routerOperator, adminConfig, signal }: EffectOptions): Promise<void> => {
  const grants = async (): Promise<boolean> => (await figure(routerOperator, 'lethe_router_gate_open')) === 1;
  const isGuarded = async (): Promise<boolean> => (await figure(adminConfig, 'lethe_admin_zdr_guard')) === 1;
  await until(async () => (await grants()) || (await isGuarded()), gatePatienceMs, signal);
  if (signal.aborted || (await grants().catch(() => false))) return;
  const why = (await isGuarded().catch(() => false))
    ? 'the configuration forgot Zero Data Retention, see docs/runbooks/zdr-repair.md'
    : 'see the logs of admin-config and audit';
  remark(`  nothing is captured yet: ${why}`);
};

/**
 * Waits until the router works by the configuration as it is now: each of its workers serves every key, payloads are
 * sealed to keys of this run, and leases are granted. Rejects with Problem when it does not follow within 30 s; resolves
 * to nothing when `signal` fires.
 */
export const awaitEffect = async (options: EffectOptions): Promise<void> => {
  const { routerOperator, adminConfig, loggingOrgIds, signal } = options;
  const canLog = await until(() => transitKeysRegistered(options), transitPatienceMs, signal);
  if (!canLog && !signal.aborted) remark('  payloads cannot be stored yet: see the log of accounting');
  let wanted: number | undefined;
  const follows = await until(
    async () => {
      wanted ??= await figure(adminConfig, 'lethe_admin_policy_version');
      return (await figure(routerOperator, 'lethe_router_policy_version')) >= wanted;
    },
    routerPatienceMs,
    signal,
  );
  if (!follows && !signal.aborted)
    throw new Problem('The router does not follow admin-config.', 'The logs of both say why.');
  if (loggingOrgIds.length > 0) await awaitGrants(options);
};
