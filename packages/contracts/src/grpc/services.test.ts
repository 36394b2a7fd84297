import { describe, expect, it } from '@jest/globals';
import { accounting, audit, identity, policy } from '../index.js';
import { mayCall } from './services.js';

describe('who may call what', () => {
  it('has a row for every gRPC method and none beyond', () => {
    const services = [
      accounting.AccountingControlService,
      audit.AuditService,
      identity.IdentityService,
      policy.PolicySyncService,
    ];
    const paths = services.flatMap((service) => Object.values(service).map((method) => method.path));
    expect(Object.keys(mayCall).sort()).toEqual(paths.sort());
  });
});
