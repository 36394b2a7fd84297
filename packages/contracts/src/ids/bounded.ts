/** The characters a caller-written telemetry value may have. Anything else is dropped, never escaped or cut. */
const identifier = /^[A-Za-z0-9._:-]+$/;
const modelName = /^[A-Za-z0-9._:@/-]+$/;

/** True for 1 to `charsMax` characters of [A-Za-z0-9._:-]. */
export const isBoundedIdentifier = (value: unknown, charsMax = 64): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= charsMax && identifier.test(value);

/** True for the form of a catalogue id: provider/model[@region], at most 128 characters. */
export const isModelName = (value: unknown): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= 128 && modelName.test(value);

export const tagsMax = 8;
export const extrasMax = 8;
