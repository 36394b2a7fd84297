import type { AuditEventType, AuditTargetKind, ErrorCode, OrgId } from '@lethe/contracts';
import { LetheError } from '@lethe/service-kit';

/** What was attempted, in settings and ids: the facts of the audit event that every refusal leaves. */
export interface RefusedAttempt {
  readonly orgId: OrgId | undefined;
  readonly target: { readonly kind: AuditTargetKind; readonly id: string };
  /** The event that the change would have left. */
  readonly attempted: AuditEventType;
  /** The settings as they are and stay. */
  readonly present?: Readonly<Record<string, boolean | number | string | null>>;
  readonly wished?: Readonly<Record<string, boolean | number | string | null>>;
}

/** A change that the caller may not make. The transaction rolls back; the attempt is recorded on its own. */
export class RefusedChange extends LetheError {
  constructor(
    code: ErrorCode,
    readonly attempt: RefusedAttempt,
    param: string | null = null,
  ) {
    super(code, param);
  }
}
