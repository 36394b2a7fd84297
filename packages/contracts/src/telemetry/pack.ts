/** At most this many records in one pack. */
export const packRecordsMax = 100;
/** At most this many bytes in one pack, well under the topic's 64 KiB batch limit. */
export const packBytesMax = 48 * 1024;

/** Bytes one record of `length` takes in a pack, its varint length included. */
export const packedBytes = (length: number): number => length + (length < 0x80 ? 1 : length < 0x4000 ? 2 : 3);

const writeVarint = (target: Buffer, at: number, value: number): number => {
  let rest = value;
  let offset = at;
  while (rest >= 0x80) {
    target[offset++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  target[offset++] = rest;
  return offset;
};

/** Joins encoded records, each preceded by its varint length. The caller keeps within packRecordsMax and packBytesMax. */
export const encodePack = (records: readonly Buffer[]): Buffer => {
  const pack = Buffer.alloc(records.reduce((sum, record) => sum + packedBytes(record.length), 0));
  let offset = 0;
  for (const record of records) {
    offset = writeVarint(pack, offset, record.length);
    offset += record.copy(pack, offset);
  }
  return pack;
};

/** One entry of a pack by its ordinal; `bytes` undefined: the pack's framing is broken from here on. */
export interface PackEntry {
  readonly ordinal: number;
  readonly bytes: Buffer | undefined;
}

/** Splits a pack. A broken length ends the pack with one entry without bytes; what stood before it is kept. */
export const decodePack = (pack: Buffer): readonly PackEntry[] => {
  const entries: PackEntry[] = [];
  let offset = 0;
  while (offset < pack.length) {
    const ordinal = entries.length;
    let length = 0;
    let shift = 0;
    let byte = 0x80;
    while ((byte & 0x80) !== 0 && shift <= 21 && offset < pack.length) {
      byte = pack[offset++] as number;
      length |= (byte & 0x7f) << shift;
      shift += 7;
    }
    const broken =
      (byte & 0x80) !== 0 || length === 0 || offset + length > pack.length || ordinal >= packRecordsMax;
    if (broken) {
      entries.push({ ordinal, bytes: undefined });
      return entries;
    }
    entries.push({ ordinal, bytes: pack.subarray(offset, offset + length) });
    offset += length;
  }
  return entries;
};
