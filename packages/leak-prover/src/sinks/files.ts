import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { type Finding, scanBytes } from '../scan.js';
import type { Searcher } from '../searcher.js';

const WINDOW_BYTES = 32 * 1024 * 1024;
/** Longer than any needle, so that none is lost between two windows. */
const OVERLAP_BYTES = 64 * 1024;

/** Every file below a folder, relative to it; sockets, pipes and links are not files. */
export const filesBelow = (folder: string, relative = ''): string[] =>
  readdirSync(join(folder, relative), { withFileTypes: true }).flatMap((entry) => {
    const path = join(relative, entry.name);
    if (entry.isDirectory()) return filesBelow(folder, path);
    return entry.isFile() ? [path] : [];
  });

export interface FolderScan {
  readonly files: number;
  readonly bytes: number;
  readonly findings: readonly Finding[];
}

/** Searches every file below a folder, names included. A finding's sink is the path relative to it. */
export const scanFolder = (searcher: Searcher, folder: string): FolderScan => {
  const paths = filesBelow(folder);
  const findings = scanBytes(searcher, 'file names', Buffer.from(paths.join('\n')));
  let total = 0;
  for (const path of paths) {
    for (const window of windowsOf(join(folder, path))) {
      total += window.length;
      findings.push(...scanBytes(searcher, path, window));
    }
  }
  return { files: paths.length, bytes: total, findings };
};

function* windowsOf(path: string): Generator<Buffer> {
  const descriptor = openSync(path, 'r');
  try {
    const { size } = fstatSync(descriptor);
    for (let start = 0; start < size; start += WINDOW_BYTES - OVERLAP_BYTES) {
      const window = Buffer.alloc(Math.min(WINDOW_BYTES, size - start));
      const read = readSync(descriptor, window, 0, window.length, start);
      yield window.subarray(0, read);
      if (start + WINDOW_BYTES >= size) return;
    }
  } finally {
    closeSync(descriptor);
  }
}
