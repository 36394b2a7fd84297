import { http } from '../../support/http.js';

const bundleEntries = 256;

const folderName = (index: number): string => {
  let path = String(index % 1000).padStart(3, '0');
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000))
    path = `x${String(rest % 1000).padStart(3, '0')}/${path}`;
  return path;
};

const splitBundle = (bundle: Buffer): Buffer[] => {
  const entries: Buffer[] = [];
  for (let at = 0; at < bundle.length; ) {
    const length = bundle.readUInt16BE(at);
    entries.push(bundle.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return entries;
};

/** The newest checkpoint, as anybody may read it. */
export const fetchCheckpoint = async (rest: string): Promise<string> => {
  const { status, body } = await http(`${rest}/checkpoint`);
  if (status !== 200) throw new Error(`/checkpoint answered ${status}`);
  return body.toString();
};

/** Every entry of the log up to a size, from its entry bundles. */
export const fetchEntries = async (rest: string, operatorToken: string, size: number): Promise<Buffer[]> => {
  const entries: Buffer[] = [];
  for (let first = 0; first < size; first += bundleEntries) {
    const width = Math.min(bundleEntries, size - first);
    const suffix = width === bundleEntries ? '' : `.p/${width}`;
    const path = `/tile/entries/${folderName(first / bundleEntries)}${suffix}`;
    const { status, body } = await http(`${rest}${path}`, {
      headers: { authorization: `Bearer ${operatorToken}` },
    });
    if (status !== 200) throw new Error(`${path} answered ${status}`);
    entries.push(...splitBundle(body));
  }
  return entries;
};
