import type { AuditEventType } from '@lethe/contracts';
import { harmless } from '../terminal-text.js';
import { type AuditEvent, shortType } from './audit-event.js';

/** What was done, to be followed by what it was done to. A type that is not here is told by its name. */
const deeds: Partial<Record<AuditEventType, string>> = {
  'org.created': 'created',
  'org.updated': 'changed the settings of',
  'zdr.enabled': 'enabled Zero Data Retention, which no call takes back, for',
  'zdr.effective': 'found Zero Data Retention in effect everywhere for',
  'zdr.repaired': 'repaired Zero Data Retention, which a database had forgotten, of',
  'zdr.guard_raised': 'stopped all capturing of content, because a database was set back, of',
  'zdr.census': 'counted the organizations with Zero Data Retention of',
  'zdr.rollback_detected': 'found that a database forgot Zero Data Retention of',
  'logging.enabled': 'switched logging of content on for',
  'logging.disabled': 'switched logging of content off for',
  'apikey.created': 'created',
  'apikey.imported': 'imported',
  'apikey.updated': 'changed',
  'apikey.rotated': 'rotated',
  'apikey.revoked': 'revoked',
  'token.created': 'created',
  'token.revoked': 'revoked',
  'member.added': 'added',
  'member.role_assigned': 'gave another role to',
  'member.removed': 'removed',
  'member.erased': 'erased the personal data of',
  'group.created': 'created',
  'group.deleted': 'deleted',
  'group.member_added': 'added a member to',
  'group.member_removed': 'removed a member from',
  'field.registered': 'registered',
  'field.unregistered': 'took back',
  'transit_key.registered': 'registered',
  'change.refused': 'changed',
  'org.sealed': 'closed for content, for ever,',
  'org.shredded': 'destroyed the keys to the stored content of',
  'payload.opened': 'opened the stored content of',
  'payload.exported': 'exported stored content of',
  'usage.exported': 'exported the usage of',
  'audit.exported': 'exported audit events of',
  'tripwire.raised': 'raised the alarm because content came that must not exist, for',
  'router.preflight_reported': 'reported the checks at the start of',
  'lease.lapsed': 'reported a lapsed lease of',
};

const things: Readonly<Record<string, string>> = {
  organization: 'organization',
  api_key: 'API key',
  user: 'user',
  group: 'group',
  token: 'management token',
  field: 'telemetry field',
  transit_key: 'transit key',
  insight: 'request',
  usage: 'usage',
  deployment: 'the deployment',
  router: 'router',
  audit_log: 'the audit log',
};

const actors: Readonly<Record<string, string>> = {
  admin: 'an admin (user',
  member: 'a member (user',
  auditor: 'an auditor (user',
  operator: 'the operator (',
  service: 'a service (',
};

/** Whether a type has a sentence of its own. */
export const hasWords = (type: string): boolean => Object.hasOwn(deeds, type);

const actorWords = ({ data }: AuditEvent): string => {
  const { type, uid } = data.actor.user;
  const opening = Object.hasOwn(actors, type) ? (actors[type] as string) : `${type} (`;
  return `${opening}${opening.endsWith('(') ? '' : ' '}${uid})`;
};

const targetWords = ({ subject }: AuditEvent): string => {
  const slash = subject.indexOf('/');
  const kind = subject.slice(0, slash);
  return Object.hasOwn(things, kind) ? `${things[kind]} ${subject.slice(slash + 1)}` : subject;
};

/** The event as one sentence, without its time: who did what to what, and how it ended. */
export const eventSentence = (event: AuditEvent): string => {
  const own = shortType(event.type);
  const type = own === 'change.refused' ? shortType(event.data.api?.operation ?? own) : own;
  const deed = hasWords(type) ? (deeds[type as AuditEventType] as string) : `did "${type}" to`;
  const { refusal } = event.data.unmapped ?? {};
  const why = refusal === undefined ? '' : ` (${refusal})`;
  // A tripwire is a refusal by the service that tells it, not of what that service did.
  const isRefused = event.data.status_id !== 1 && own !== 'tripwire.raised';
  return harmless(
    isRefused
      ? `${actorWords(event)} was refused${why}: ${deed} ${targetWords(event)}`
      : `${actorWords(event)} ${deed} ${targetWords(event)}${why}`,
  );
};

/** `name: before → after` of each setting the event tells. */
export const settingWords = (event: AuditEvent): string[] => {
  const { before = {}, after = {} } = event.data.unmapped ?? {};
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.map((name) => {
    const [old, now] = [before[name], after[name]].map((value) =>
      value === undefined ? undefined : String(value),
    );
    const change = old === undefined ? now : now === undefined ? `was ${old}` : `${old} → ${now}`;
    return harmless(`${name}: ${change}`);
  });
};

/** One line for a list: place, time, type, who, what, outcome. */
export const eventLine = (index: number, event: AuditEvent): string => {
  const { actor, status_id } = event.data;
  const outcome = status_id === 1 ? '' : '  refused';
  const type = shortType(event.type).padEnd(24);
  return harmless(
    `${String(index).padStart(6)}  ${event.time}  ${type}  ${actor.user.type} ${actor.user.uid}  ${event.subject}${outcome}`,
  );
};

/** Everything about an event that a person may want, as labelled facts. */
export const eventFacts = (index: number, event: AuditEvent): [label: string, value: string][] => [
  ['event', `${index}, counted from 0; id ${harmless(event.id)}`],
  ['time', harmless(event.time)],
  ['what', eventSentence(event)],
  ...settingWords(event).map((words): [string, string] => ['setting', words]),
  ...(event.partitionkey === undefined
    ? []
    : [['organization', harmless(event.partitionkey)] as [string, string]]),
  ['type', harmless(shortType(event.type))],
];

/** A block of lines for `--pretty`. */
export const eventBlock = (index: number, event: AuditEvent): string =>
  [
    harmless(`${index}  ${event.time}  ${shortType(event.type)}`),
    `    ${eventSentence(event)}`,
    ...settingWords(event).map((words) => `    ${words}`),
    harmless(
      `    id ${event.id}${event.partitionkey === undefined ? '' : `, organization ${event.partitionkey}`}`,
    ),
  ].join('\n');
