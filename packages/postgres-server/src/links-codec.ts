/** One symbolic link of the Postgres package: `target` is the link, `source` what it points at, both from the package's root. */
export interface PackageLink {
  readonly source: string;
  readonly target: string;
}

/** Reads the package's list of links. Anything unreadable is an empty list: the binaries then fail by themselves. */
export function decodeLinks(text: string): readonly PackageLink[] {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? list.filter(isLink) : [];
  } catch {
    return [];
  }
}

function isLink(value: unknown): value is PackageLink {
  return (
    typeof value === 'object' &&
    value !== null &&
    'source' in value &&
    typeof value.source === 'string' &&
    'target' in value &&
    typeof value.target === 'string'
  );
}
