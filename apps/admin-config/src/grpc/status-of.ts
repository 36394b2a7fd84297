import * as grpc from '@grpc/grpc-js';
import type { ErrorCode } from '@lethe/contracts';
import { LetheError } from '@lethe/service-kit';

const statuses: Partial<Record<ErrorCode, grpc.status>> = {
  'caller.not_found': grpc.status.NOT_FOUND,
  'caller.conflict': grpc.status.ALREADY_EXISTS,
  'caller.invalid_value': grpc.status.INVALID_ARGUMENT,
  'org_policy.zdr_irrevocable': grpc.status.FAILED_PRECONDITION,
  'gateway.unavailable': grpc.status.UNAVAILABLE,
  'gateway.overloaded': grpc.status.RESOURCE_EXHAUSTED,
};

/** The gRPC status of a failed call; its details are the closed code and nothing else. */
export const statusOf = (thrown: unknown): { readonly code: grpc.status; readonly details: string } => {
  if (!(thrown instanceof LetheError)) return { code: grpc.status.INTERNAL, details: 'gateway.internal' };
  return { code: statuses[thrown.code] ?? grpc.status.INTERNAL, details: thrown.code };
};
