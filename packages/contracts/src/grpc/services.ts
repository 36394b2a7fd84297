/** The services of this house, as they name themselves to one another. */
export const serviceNames = ['router', 'admin-config', 'accounting', 'audit'] as const;
export type ServiceName = (typeof serviceNames)[number];

/**
 * Who may call what: every gRPC method there is, with its callers. A method that is missing here is refused to
 * everybody, and a test fails when a proto method has no row.
 */
export const mayCall: Readonly<Record<string, readonly ServiceName[]>> = {
  '/lethe.policy.v1.PolicySync/Sync': ['router'],
  '/lethe.policy.v1.PolicySync/RegisterTransitKey': ['accounting'],
  '/lethe.policy.v1.PolicySync/ListZdrOrganizations': ['accounting'],
  '/lethe.identity.v1.Identity/Authenticate': ['accounting', 'audit'],
  '/lethe.accounting.v1.AccountingControl/OpenOrg': ['admin-config'],
  '/lethe.accounting.v1.AccountingControl/SealOrg': ['admin-config'],
  '/lethe.accounting.v1.AccountingControl/PutApiKeys': ['admin-config'],
  '/lethe.audit.v1.Audit/Append': ['admin-config', 'accounting'],
  '/lethe.audit.v1.Audit/AppendStream': ['admin-config', 'accounting'],
  '/lethe.audit.v1.Audit/GetProof': ['admin-config', 'accounting'],
  '/lethe.audit.v1.Audit/ListTombstones': ['admin-config', 'accounting'],
};
