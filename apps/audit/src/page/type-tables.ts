import {
  type AuditEventType,
  auditEventTypeRow,
  auditSeverityId,
  type SettingKind,
  type SettingKinds,
} from '@lethe/contracts';
import { typeNames } from '../append/event-schema.js';
import { code, table } from './table.js';

const groups: readonly (readonly [title: string, pattern: RegExp])[] = [
  ['Organizations and Zero Data Retention', /^(?:org|zdr|field|transit_key)\./],
  ['API keys, logging and tokens', /^(?:apikey|logging|token)\./],
  ['People and groups', /^(?:member|group)\./],
  ['Attempts, openings and exports', /^(?:change|payload|usage|audit)\./],
  ['Watching', /./],
];

const groupOf = (type: AuditEventType): string => groups.find(([, pattern]) => pattern.test(type))?.[0] ?? '';

const severityOf = (type: AuditEventType): string => {
  const { outcome } = auditEventTypeRow(type);
  const [success, refused] = [auditSeverityId(type, 'success'), auditSeverityId(type, 'refused')];
  if (outcome !== 'either') return String(outcome === 'success' ? success : refused);
  return success === refused ? String(success) : `${success}, refused ${refused}`;
};

const rowOf = (type: AuditEventType): string[] => {
  const row = auditEventTypeRow(type);
  return [
    code(type),
    `${row.classUid} / ${row.activityId}`,
    severityOf(type),
    row.source,
    row.targets.map(code).join(', '),
    row.when + (row.awaitsProducer === true ? ' *Nothing writes it yet.*' : ''),
  ];
};

const head = ['Type', 'OCSF class / activity', 'Severity', 'Written by', 'About', 'When'];

/** One table for each group of types, every type once. */
export const typeTables = (): string =>
  groups
    .map(([title]) => {
      const types = typeNames.filter((type) => groupOf(type) === title);
      return `### ${title}\n\n${table(head, types.map(rowOf))}`;
    })
    .join('\n\n');

const kindText = (kind: SettingKind): string =>
  typeof kind === 'string'
    ? kind.replace('_or_null', ' or null').replace('_', ' ')
    : kind.map(code).join(' or ');

const kindsText = (kinds: SettingKinds | undefined): string =>
  Object.entries(kinds ?? {})
    .map(([name, kind]) => `${code(name)} ${kindText(kind)}`)
    .join(', ');

/** What each type may carry in `before` and `after`. */
export const settingsTable = (): string =>
  table(
    ['Type', 'before', 'after'],
    typeNames
      .map((type) => ({ type, row: auditEventTypeRow(type) }))
      .filter(({ row }) => row.before !== undefined || row.after !== undefined)
      .map(({ type, row }) => [code(type), kindsText(row.before), kindsText(row.after)]),
  );

/** The settings that hold a name a caller chose. */
export const namedSettings = (): readonly string[] =>
  typeNames.flatMap((type) => {
    const { before = {}, after = {} } = auditEventTypeRow(type);
    return Object.entries({ before, after }).flatMap(([part, kinds]) =>
      Object.entries(kinds)
        .filter(([, kind]) => kind === 'bounded_name')
        .map(([name]) => `${part}.${name} of ${type}`),
    );
  });

/** Elastic Common Schema for each type. */
export const ecsTable = (): string =>
  table(
    ['Type', 'event.category', 'event.type', 'event.kind'],
    typeNames.map((type) => {
      const { ecs, outcome } = auditEventTypeRow(type);
      const [category, kind] = ecs;
      const isAlert = auditSeverityId(type, outcome === 'success' ? 'success' : 'refused') >= 4;
      return [code(type), category, outcome === 'refused' ? 'denied' : kind, isAlert ? 'alert' : 'event'];
    }),
  );
