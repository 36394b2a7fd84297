import { writeFileSync } from 'node:fs';

/** A crash of the launcher itself leaves no memory behind: it holds every secret of the run. Linux only; best effort. */
export const closeCoreDumps = (): void => {
  try {
    writeFileSync('/proc/self/coredump_filter', '0');
  } catch {
    // There is no such file here; the preflight says what cannot be checked.
  }
};
