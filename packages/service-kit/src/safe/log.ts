import { errorFacts } from './errors.js';

/** Values a log line may carry. Strings are identifiers of ours; anything that does not look like one is withheld. */
export type LogFields = Readonly<Record<string, number | bigint | boolean | string | undefined>>;

export interface Logger {
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  /** Logs the facts of a thrown value: name, code, frames. Its message never arrives. */
  error(event: string, thrown: unknown, fields?: LogFields): void;
}

const identifier = /^[A-Za-z0-9._:@/+-]{0,128}$/;
const fieldName = /^[A-Za-z][A-Za-z0-9]{0,39}$/;
const ownNames = new Set(['time', 'level', 'service', 'event', 'error']);
const withheld = '[withheld]';

/** The types are checked here as well: what they promise does not hold for a value that came through a cast. */
const safeValue = (value: unknown): number | boolean | string => {
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value === 'bigint') return value.toString();
  return typeof value === 'string' && identifier.test(value) ? value : withheld;
};

const safeFields = (fields: LogFields): Record<string, number | boolean | string> => {
  const safe: Record<string, number | boolean | string> = {};
  for (const [key, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    const isOurs = fieldName.test(key) && !ownNames.has(key);
    safe[isOurs ? key : 'withheld'] = isOurs ? safeValue(value) : withheld;
  }
  return safe;
};

/** One JSON line an event on stderr. Guarantee: no free text can be logged, whatever the caller passes. */
export const createLogger = (
  service: string,
  write: (line: string) => void = (line) => process.stderr.write(line),
): Logger => {
  const emit = (level: string, event: string, fields: Record<string, unknown>): void => {
    const time = new Date().toISOString();
    write(`${JSON.stringify({ time, level, service, event: safeValue(event), ...fields })}\n`);
  };
  return {
    info: (event, fields = {}) => emit('info', event, safeFields(fields)),
    warn: (event, fields = {}) => emit('warn', event, safeFields(fields)),
    error: (event, thrown, fields = {}) =>
      emit('error', event, { ...safeFields(fields), error: errorFacts(thrown) }),
  };
};
