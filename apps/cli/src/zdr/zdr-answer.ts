import { z } from 'zod';
import { table } from '../terminal/print.js';

const moment = z.string().nullish();
const witness = z.looseObject({ router_id: z.string(), boot_id: z.string(), after_ms: z.number() });

/** What admin-config answers about an organization's ZDR: the same to the call that enables it and to the one that asks. */
export const zdrAnswer = z.looseObject({
  state: z.enum(['off', 'committed_pending', 'effective']),
  version: z.number().nullish(),
  zdr_enabled_at: moment,
  effective_at: moment,
  routers: z.looseObject({ acknowledged: z.number().nullish(), lapsed: z.number().nullish() }).nullish(),
  keys_forced_off: z.number().nullish(),
  audit: z.looseObject({ event_id: z.string(), proof: z.string().nullish() }).nullish(),
  barrier: z
    .looseObject({
      acknowledged: z.array(witness),
      lapsed: z.array(witness),
      took_ms: z.number(),
      event_id: z.string().nullish(),
    })
    .nullish(),
  history: z.looseObject({ shredded_at: moment, backups_hold_key_until: moment }).nullish(),
});
export type ZdrAnswer = z.infer<typeof zdrAnswer>;

/** What is not known to have happened yet, in words. */
export const missing = ({ barrier, audit, state }: ZdrAnswer): string => {
  if (state === 'effective') return 'nothing';
  const parts = [...(barrier ? [] : ['routers and accounting']), ...(audit?.proof ? [] : ['the audit log'])];
  return parts.length === 0 ? 'its evidence in the audit log' : parts.join(' and ');
};

const sinceCommit = ({ zdr_enabled_at: from, effective_at: to }: ZdrAnswer): string => {
  const ms = Date.parse(to ?? '') - Date.parse(from ?? '');
  return Number.isFinite(ms) ? `, ${(ms / 1000).toFixed(2)} s after the commit` : '';
};

const headline = (slug: string, answer: ZdrAnswer): string => {
  if (answer.state === 'off') return `${slug} has no Zero Data Retention.`;
  if (answer.state === 'effective')
    return `${slug} has Zero Data Retention, for ever: effective since ${answer.effective_at}${sinceCommit(answer)}.`;
  return `${slug} has Zero Data Retention, for ever: committed at ${answer.zdr_enabled_at}, not yet effective on every router.`;
};

const routerRows = ({ barrier }: ZdrAnswer): string[][] =>
  (['acknowledged', 'lapsed'] as const).flatMap((how) =>
    (barrier?.[how] ?? []).map(({ router_id, boot_id, after_ms }) => [
      router_id,
      boot_id,
      how,
      `${Math.round(after_ms)} ms after the commit`,
    ]),
  );

const historyLine = ({ history }: ZdrAnswer): string => {
  if (!history)
    return 'What was stored before stays readable for those who may read it; its keys are not shredded.';
  if (!history.shredded_at)
    return 'The keys of what was stored before are not shredded yet; that is to come.';
  const backups = history.backups_hold_key_until
    ? ` Backups made before hold them, wrapped, until ${history.backups_hold_key_until}.`
    : '';
  return `The keys of what was stored before were shredded at ${history.shredded_at}.${backups}`;
};

const auditLines = ({ audit, barrier }: ZdrAnswer): string[] => [
  ...(audit ? [`Audit event of the commit: ${audit.event_id}`] : []),
  ...(barrier?.event_id ? [`Audit event of this evidence: ${barrier.event_id}`] : []),
];

/** The answer for people. */
export const zdrText = (slug: string, answer: ZdrAnswer): string => {
  const rows = routerRows(answer);
  const forcedOff = answer.keys_forced_off ?? 0;
  return [
    headline(slug, answer),
    ...(answer.state === 'off'
      ? []
      : [
          `Policy version ${answer.version}; ${forcedOff} ${forcedOff === 1 ? 'key was' : 'keys were'} logging and no longer can.`,
          historyLine(answer),
          ...auditLines(answer),
        ]),
    ...(rows.length === 0 ? [] : ['', table(['ROUTER', 'BOOT', 'HOW', 'WHEN'], rows)]),
  ].join('\n');
};
