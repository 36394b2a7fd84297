/** The roles by which each service enters its own database. */
export const rolesOf = {
  'admin-config': ['lethe_admin'],
  accounting: ['lethe_telemetry_w', 'lethe_payload_w', 'lethe_accounting_control', 'lethe_accounting_r'],
  audit: ['lethe_audit_append'],
} as const;
