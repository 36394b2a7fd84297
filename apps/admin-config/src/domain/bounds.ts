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

/** What the routers keep of a request of an organization whose key may log. */
export const payloadLimits = { partBytesMax: 32 * 1024, totalBytesMax: 256 * 1024 } as const;
export const distinctValuesPerDayMax = 10_000;
