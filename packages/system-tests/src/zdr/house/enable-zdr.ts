import type { TestOrganization } from '../../audit/running/management.js';
import { getJson, http } from '../../support/http.js';
import { waitFor } from '../../wait-for.js';

interface Witness {
  readonly router_id: string;
  readonly boot_id: string;
  readonly after_ms: number;
}

/** The answer of POST /v1/manage/org/zdr. */
export interface ZdrAnswer {
  readonly state: 'committed_pending' | 'effective';
  readonly version: number;
  readonly zdr_enabled_at: string;
  readonly effective_at: string | null;
  readonly routers: { readonly acknowledged: number | null; readonly lapsed: number | null };
  readonly keys_forced_off: number;
  readonly audit: { readonly event_id: string; readonly proof: string | null };
  readonly barrier?: {
    readonly acknowledged: readonly Witness[];
    readonly lapsed: readonly Witness[];
    readonly took_ms: number;
    readonly event_id: string;
  } | null;
  readonly history?: {
    readonly shredded_at: string | null;
    readonly backups_hold_key_until: string | null;
  } | null;
}

export interface Enabled {
  readonly status: number;
  readonly answer: ZdrAnswer;
  /** On the client's own clock. */
  readonly startedAtMs: number;
  readonly returnedAtMs: number;
}

/** POST /v1/manage/org/zdr as an admin would; rejects when the connection breaks. */
export const enableZdr = async (
  adminConfig: string,
  org: TestOrganization,
  wish: object = {},
): Promise<Enabled> => {
  const startedAtMs = performance.now();
  const { status, body } = await http(`${adminConfig}/v1/manage/org/zdr`, {
    method: 'POST',
    headers: { authorization: `Bearer ${org.adminToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ confirm: org.slug, ...wish }),
  });
  const returnedAtMs = performance.now();
  return { status, answer: JSON.parse(body.toString()) as ZdrAnswer, startedAtMs, returnedAtMs };
};

/** The state that GET /v1/manage/org/zdr shows at a replica. */
export const zdrState = async (adminConfig: string, org: TestOrganization): Promise<string> =>
  (await getJson<{ state: string }>(`${adminConfig}/v1/manage/org/zdr`, org.adminToken)).state;

/** Waits until a replica says that it is effective, and asks once more for all there is to know. */
export const untilEffective = async (
  adminConfig: string,
  org: TestOrganization,
  withinMs = 30_000,
): Promise<Enabled> => {
  await waitFor(async () => (await zdrState(adminConfig, org).catch(() => '')) === 'effective', withinMs, 20);
  return enableZdr(adminConfig, org);
};
