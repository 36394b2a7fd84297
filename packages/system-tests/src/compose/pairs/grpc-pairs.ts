import { mayCall, type ServiceName, serviceNames } from '@lethe/contracts';
import type { Deployment } from '../deployment.js';
import type { GrpcTry } from '../inside/grpc-try.js';
import type { Pair } from '../inside/pair.js';
import { strangersAs } from './certificates.js';
import type { Said } from './said.js';

const homes: Readonly<Record<string, { readonly service: ServiceName; readonly address: string }>> = {
  'lethe.policy.v1.PolicySync': { service: 'admin-config', address: 'admin-config:5002' },
  'lethe.identity.v1.Identity': { service: 'admin-config', address: 'admin-config:5002' },
  'lethe.accounting.v1.AccountingControl': { service: 'accounting', address: 'accounting:5003' },
  'lethe.audit.v1.Audit': { service: 'audit', address: 'audit:5004' },
};

interface Home {
  readonly service: ServiceName;
  readonly address: string;
}

const homeOf = (path: string): Home => {
  const home = homes[path.split('/')[1] ?? ''];
  if (home === undefined) throw new Error(`no service is known that answers ${path}`);
  return home;
};

const paths = Object.keys(mayCall);
/** Who calls a service at all; it knows no other credential. */
const callersOf = (service: ServiceName): ServiceName[] =>
  serviceNames.filter((name) =>
    paths.some((path) => homeOf(path).service === service && mayCall[path]?.includes(name)),
  );

const verdict = (path: string, caller: ServiceName): 'let in' | 'PERMISSION_DENIED' | 'UNAUTHENTICATED' => {
  if (mayCall[path]?.includes(caller)) return 'let in';
  return callersOf(homeOf(path).service).includes(caller) ? 'PERMISSION_DENIED' : 'UNAUTHENTICATED';
};

/** What the service itself makes of an empty message is its own affair; that it got that far is ours. */
const own: ReadonlySet<string> = new Set([
  'OK',
  'INVALID_ARGUMENT',
  'NOT_FOUND',
  'FAILED_PRECONDITION',
  'CANCELLED',
]);

interface Case {
  readonly name: string;
  readonly task: GrpcTry;
  readonly expected: string;
}

/** Every certificate with every credential at every method: its own, and every other's. */
export const grpcPairs = async (deployment: Deployment): Promise<Said> => {
  const pairs = {} as Record<ServiceName, Pair>;
  const credentials = {} as Record<ServiceName, string>;
  for (const name of serviceNames) {
    pairs[name] = await deployment.pair(name, 'service');
    credentials[name] = (await deployment.read(`${name}/service-credential`)).trim();
  }
  const cases: Case[] = [];
  const add = (
    path: string,
    who: string,
    tls: Pair,
    as: ServiceName,
    expected: string = 'UNAUTHENTICATED',
  ): void => {
    const task = { address: homeOf(path).address, path, tls, credential: credentials[as] };
    cases.push({ name: `${path} by ${who}, credential of ${as}`, task, expected });
  };
  for (const path of paths)
    for (const caller of serviceNames)
      for (const as of serviceNames)
        add(path, caller, pairs[caller], as, caller === as ? verdict(path, caller) : undefined);
  for (const path of paths) {
    const caller = mayCall[path]?.[0] as ServiceName;
    // Of our own authority, but of no service.
    add(path, 'the operator at Kafka', await deployment.pair('tools', 'kafka'), caller);
    add(path, 'a service of no name', (await strangersAs(deployment, 'nobody')).fresh, caller);
    add(
      path,
      'a new certificate of the service',
      (await strangersAs(deployment, caller)).fresh,
      caller,
      'let in',
    );
  }
  const { grpc: words } = await deployment.inside({ grpc: cases.map(({ task }) => task) });
  return {
    expected: cases.map(({ name, expected }) => `${name}: ${expected}`),
    told: cases.map(({ name, expected }, n) => {
      const word = words[n] ?? 'nothing';
      return `${name}: ${expected === 'let in' && own.has(word) ? expected : word}`;
    }),
  };
};
