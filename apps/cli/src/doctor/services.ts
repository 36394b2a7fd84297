import { errorCode } from '../terminal/error-code.js';
import { addressesOf, ask, isDistrust } from './ask.js';
import { figureFindings } from './figures.js';
import { counted, type Examined, type Finding, notLookedAt } from './findings.js';

const clockToleranceMs = 5_000;

/** A service by name, and where its REST port is (the router's: its operator port). */
export interface ServiceAddress {
  readonly name: string;
  readonly url: string;
}

const variables: Readonly<Record<string, string>> = {
  router: 'LETHE_ROUTER_URL',
  'admin-config': 'LETHE_ADMIN_URL',
  accounting: 'LETHE_ACCOUNTING_URL',
  audit: 'LETHE_AUDIT_URL',
};

/** Each variable may name several, separated by commas; a name with several addresses is several, too. */
export const serviceAddresses = (env: NodeJS.ProcessEnv): ServiceAddress[] =>
  Object.entries(variables).flatMap(([name, variable]) =>
    (env[variable] ?? '')
      .split(',')
      .map((url) => url.trim())
      .filter((url) => url !== '')
      .map((url) => ({ name, url })),
  );

const unreachable = (where: string, error: unknown): Finding =>
  isDistrust(error)
    ? {
        item: 'service_untrusted',
        where,
        words: `shows no certificate that can be believed (${errorCode(error)})`,
      }
    : { item: 'service_unreachable', where, words: `does not answer (${errorCode(error) || 'unknown'})` };

const examineOne = async (url: URL, address: string, where: string): Promise<Finding[]> => {
  try {
    const askedAtMs = Date.now();
    const ready = await ask(new URL('/readyz', url), address);
    const answeredAtMs = Date.now();
    const metrics = await ask(new URL('/metrics', url), address);
    const findings: Finding[] = [];
    if (ready.status !== 200)
      findings.push({ item: 'service_not_ready', where, words: `is not ready (${ready.status})` });
    // The header has whole seconds, and was written between question and answer.
    const { dateMs } = ready;
    if (dateMs !== undefined) {
      const aheadMs = dateMs - answeredAtMs;
      const behindMs = askedAtMs - (dateMs + 1_000);
      const apartMs = Math.max(aheadMs, behindMs);
      if (apartMs > clockToleranceMs)
        findings.push({
          item: 'clock_differs',
          where,
          words: `has a clock that is ${Math.round(apartMs / 1000)} s ${aheadMs > behindMs ? 'ahead of' : 'behind'} this one`,
        });
    }
    return [...findings, ...figureFindings(metrics.body, where, answeredAtMs)];
  } catch (error) {
    return [unreachable(where, error)];
  }
};

const examineService = async ({ name, url }: ServiceAddress): Promise<Finding[]> => {
  if (!URL.canParse(url))
    return [{ item: 'service_unreachable', where: name, words: 'has an address that is no URL' }];
  const parsed = new URL(url);
  let addresses: readonly string[];
  try {
    addresses = await addressesOf(parsed.hostname);
  } catch (error) {
    return [unreachable(`${name} at ${parsed.host}`, error)];
  }
  const found = await Promise.all(
    addresses.map((address) => {
      const where = addresses.length > 1 ? `${name} at ${address}` : `${name} at ${parsed.host}`;
      return examineOne(parsed, address, where);
    }),
  );
  return found.flat();
};

/** Each replica of each service: reached, believed, ready, its clock, and what its own figures say. */
export const examineServices = async (addresses: readonly ServiceAddress[]): Promise<Examined> => {
  const part = 'services';
  const missing = Object.entries(variables)
    .filter(([name]) => !addresses.some((address) => address.name === name))
    .map(([name, variable]) => `${name}: ${variable} is not set.`);
  if (addresses.length === 0) return notLookedAt(part, missing.join(' '));
  const found = await Promise.all(addresses.map(examineService));
  return {
    part,
    looked: counted(addresses.length, 'address', 'addresses'),
    findings: found.flat(),
    unseen: missing,
  };
};
