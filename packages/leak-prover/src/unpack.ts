import { gunzipSync, inflateSync } from 'node:zlib';

const GZIP = Buffer.from([0x1f, 0x8b, 0x08]);
/** The two bytes that usual compression levels of zlib begin with. */
const ZLIB = [0x7801, 0x785e, 0x789c, 0x78da].map((magic) => Buffer.from([magic >>> 8, magic & 0xff]));
const UNPACKED_BYTES_MAX = 64 * 1024 * 1024;
/** Below this a member cannot hold a canary. */
const UNPACKED_BYTES_MIN = 8;
/** Two bytes are found by chance in every file: this many beginnings are tried in one. */
const MEMBERS_MAX = 20_000;

const tryTo = (unpack: () => Buffer): Buffer | undefined => {
  try {
    return unpack();
  } catch {
    return undefined;
  }
};

/**
 * What is compressed within the bytes, unpacked: gzip and zlib members wherever they begin, whole or cut off. Brotli
 * has no beginning that could be recognised: a test that plants it looks for the compressed bytes themselves.
 */
export const unpackedMembers = (bytes: Buffer): Buffer[] => {
  const options = { maxOutputLength: UNPACKED_BYTES_MAX, finishFlush: 2 };
  const members: Buffer[] = [];
  let tried = 0;
  const collect = (magic: Buffer, unpack: (from: Buffer) => Buffer): void => {
    for (let at = bytes.indexOf(magic); at >= 0 && tried < MEMBERS_MAX; at = bytes.indexOf(magic, at + 1)) {
      tried += 1;
      const member = tryTo(() => unpack(bytes.subarray(at)));
      if (member !== undefined && member.length >= UNPACKED_BYTES_MIN) members.push(member);
    }
  };
  collect(GZIP, (from) => gunzipSync(from, options));
  for (const magic of ZLIB) collect(magic, (from) => inflateSync(from, options));
  return members;
};
