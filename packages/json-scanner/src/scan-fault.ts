import type { ErrorCode } from '@lethe/contracts';

/**
 * Why a document cannot go on, and at which byte of it. Two engines agree when these agree; outside the package only
 * the code and the name of a known field are seen.
 */
export class ScanFault {
  constructor(
    readonly code: ErrorCode,
    readonly at: number,
    /** The known field it lies in, null when in none; left out, the field being read. */
    readonly name?: string | null,
  ) {}
}
