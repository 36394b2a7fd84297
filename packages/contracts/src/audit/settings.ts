import { isUuid } from '../ids/uuid.js';

/**
 * What the value of a setting may be: one of a list of codes, or a value of a form that holds no sentence. Text that a
 * caller wrote has one place, `bounded_name`, and few settings are of that kind.
 */
export type SettingKind =
  | 'boolean'
  | 'count'
  | 'digits'
  | 'id'
  | 'id_or_null'
  | 'time'
  | 'time_or_null'
  | 'sha256'
  | 'bounded_name'
  | readonly string[];

export type SettingKinds = Readonly<Record<string, SettingKind>>;
export type SettingValue = boolean | number | string | null;
export type SettingValues = Readonly<Record<string, SettingValue>>;

/** The forms of text there are in an audit event, beside codes. */
export const auditTextForms = {
  id: /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/,
  digits: /^(?:0|[1-9][0-9]{0,19})$/,
  time: /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$/,
  sha256: /^[0-9a-f]{64}$/,
  bounded_name: /^[A-Za-z0-9._:-]{1,64}$/,
  digest: /^[A-Za-z0-9_-]{43}$/,
} as const;

const isText = (form: keyof typeof auditTextForms, value: SettingValue): boolean =>
  typeof value === 'string' && auditTextForms[form].test(value);

const checks: Readonly<Record<Extract<SettingKind, string>, (value: SettingValue) => boolean>> = {
  boolean: (value) => typeof value === 'boolean',
  count: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
  digits: (value) => isText('digits', value),
  id: isUuid,
  id_or_null: (value) => value === null || isUuid(value),
  time: (value) => isText('time', value),
  time_or_null: (value) => value === null || isText('time', value),
  sha256: (value) => isText('sha256', value),
  bounded_name: (value) => isText('bounded_name', value),
};

/** The name of a setting that is not of the closed list or has a value of another kind; undefined: all are right. */
export const wrongSetting = (kinds: SettingKinds, values: SettingValues): string | undefined =>
  Object.keys(values).find((name) => {
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    const value = values[name];
    if (kind === undefined || value === undefined) return true;
    return typeof kind === 'string' ? !checks[kind](value) : !kind.includes(value as string);
  });
