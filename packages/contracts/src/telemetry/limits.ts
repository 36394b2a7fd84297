/** Serializer cap: a record larger than this is a bug here, never a reason to cut anything. */
export const telemetryRecordBytesMax = 4096;
