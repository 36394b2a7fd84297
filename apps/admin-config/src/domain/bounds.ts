/** Every bound of this service in one place. */
export const bounds = {
  nameCharsMax: 128,
  labelsMax: 16,
  labelCharsMax: 128,
  fieldsPerOrgMax: 64,
  listedValuesMax: 64,
  apiKeysPerOrgMax: 10_000,
  usersPerOrgMax: 10_000,
  groupsPerOrgMax: 1000,
  tokensPerUserMax: 100,
  overlapSecondsMax: 7 * 24 * 3600,
  pageLimitMax: 200,
  pageLimitDefault: 100,
  changesWaitingMax: 256,
  outboxRowsMax: 100_000,
  apiKeysPerAccountingCallMax: 500,
} as const;

/** What an organization may set as its payload limits, in bytes; the database has the same bounds. */
export const payloadLimitBounds = {
  partBytesMax: { min: 128, max: 768 * 1024 },
  totalBytesMax: { min: 1024, max: 768 * 1024 },
} as const;
export const distinctValuesPerDayMax = 10_000;
