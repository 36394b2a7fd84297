/** Names only: what a service may see of our environment. No secret, no proxy and no NODE_OPTIONS rides in it. */
const passedOn = [
  'PATH',
  'TZ',
  'LANG',
  'LC_ALL',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
] as const;

/** The whole environment that services get. */
export const childEnvironmentOf = (
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> => {
  const child: Record<string, string> = { NODE_ENV: 'production' };
  for (const name of passedOn) {
    const value = env[name];
    if (value !== undefined) child[name] = value;
  }
  return child;
};
