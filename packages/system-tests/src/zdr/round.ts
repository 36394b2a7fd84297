import { setTimeout as pause } from 'node:timers/promises';
import type { TestOrganization } from '../audit/running/management.js';
import { awaitBilled, type BilledRequest, billedRequests, openRequest } from '../support/accounting.js';
import { inParallel } from '../support/figures.js';
import { billSums, clearLedger, ledgerSums, type Sums, settledLedger } from '../support/ledger.js';
import { waitFor } from '../wait-for.js';
import { type Opened, openEverything } from './house/attacker.js';
import { type Enabled, enableZdr } from './house/enable-zdr.js';
import type { House } from './house/house.js';
import { loggingOrganization } from './house/organization.js';
import { randomBy } from './house/random.js';
import { type Asked, startTraffic, type Traffic } from './house/traffic.js';

export interface RoundOptions {
  readonly seed: number;
  /** Has EnableZDR called while the traffic runs, and gives the last answer. Default: one call, at either replica. */
  readonly enable?: (org: TestOrganization) => Promise<Enabled>;
  /** Nothing is called: what happens without it. */
  readonly without?: boolean;
  /** How far the services' wall clocks may be off. */
  readonly clocksOffMsMax?: number;
  /** What happens after the return, with traffic still running. */
  readonly afterwards?: () => void | Promise<void>;
}

/** What came of the requests of a round, by when they were asked. */
export interface Round {
  readonly org: TestOrganization;
  readonly asked: readonly Asked[];
  readonly enabled: Enabled | undefined;
  /** Readable through the API when EnableZDR was called. */
  readonly readBefore: readonly Asked[];
  /** Started before the return (without EnableZDR: before the moment when it would have been called), ended after it. */
  readonly inFlight: readonly Asked[];
  /** Started after the return. */
  readonly after: readonly Asked[];
  /** The requests of these whose content somebody can read: the admin, or whoever has every right and every key. */
  readable(of: readonly Asked[]): readonly Asked[];
  readonly rows: readonly BilledRequest[];
  readonly bill: Sums;
  readonly ledger: Sums;
  readonly opened: Opened;
}

/** Little enough for two cores that also run every service: a router that gets no time loses its lease. */
const requestsPerSecond = 15;
const readMin = 8;
/** Each reading is an audit event. */
const triedAtOnceMax = 8;
const triedEveryMs = 150;
const readersMax = 4;
const readWithinMs = 20_000;
const billedWithinMs = 20_000;
const askersMax = 16;
const afterReturnMs = 800;

const payloadOf = async (house: House, org: TestOrganization, { requestId }: Asked): Promise<string> => {
  const opened = await openRequest(house.run, org.adminToken, requestId).catch(() => undefined);
  return JSON.stringify(opened?.payload ?? null);
};

const canaryPattern = /ZDR-CANARY-[0-9a-f-]{36}/g;

/** The requests whose canary can be read anywhere. */
const whatIsReadable = async (
  house: House,
  org: TestOrganization,
  asked: readonly Asked[],
): Promise<{ texts: ReadonlySet<string>; opened: Opened }> => {
  const shown = await inParallel(asked, askersMax, (one) => payloadOf(house, org, one));
  const opened = await openEverything(house);
  const logs = house.services.map((service) => service.log());
  const texts = [...shown, ...opened.texts.map(({ text }) => text.toString('utf8')), ...logs];
  return { texts: new Set(texts.flatMap((text) => text.match(canaryPattern) ?? [])), opened };
};

/** Waits until enough of what was asked since a moment can be read through the API, and tells which. */
const awaitRead = async (
  house: House,
  org: TestOrganization,
  asked: readonly Asked[],
  sinceMs: number,
): Promise<readonly Asked[]> => {
  const read = new Set<Asked>();
  return waitFor(
    async () => {
      const unread = asked.filter(
        (one) => one.startedAtMs >= sinceMs && one.right && one.retention === 'payload' && !read.has(one),
      );
      const tried = unread.slice(0, triedAtOnceMax);
      const payloads = await inParallel(tried, readersMax, (one) => payloadOf(house, org, one));
      for (const [n, one] of tried.entries()) if (payloads[n]?.includes(one.canary.text)) read.add(one);
      return read.size >= readMin && [...read];
    },
    readWithinMs,
    triedEveryMs,
  );
};

const idsBilled = async (house: House, org: TestOrganization, from: Date): Promise<string[]> =>
  (await billedRequests(house.run, org.adminToken, from)).map(({ request_id }) => request_id);

interface Asking {
  readonly org: TestOrganization;
  readonly traffic: Traffic;
  readonly random: () => number;
}

const whileAsking = async (house: House, options: RoundOptions, { org, traffic, random }: Asking) => {
  await pause(200 + random() * 500);
  const readBefore = await awaitRead(house, org, traffic.asked, 0);
  await pause(random() * 400);
  const momentMs = performance.now();
  const admin = house.adminUrls[random() < 0.5 ? 0 : 1];
  const enable = options.enable ?? ((of: TestOrganization) => enableZdr(admin, of));
  const enabled = options.without === true ? undefined : await enable(org);
  await Promise.all([pause(afterReturnMs), options.afterwards?.()]);
  return { readBefore, momentMs, enabled };
};

/** One organization's traffic on all routers, and EnableZDR at a moment that the seed decides. */
export const playRound = async (house: House, options: RoundOptions): Promise<Round> => {
  const random = randomBy(options.seed);
  const org = await loggingOrganization(house);
  await settledLedger(house.run);
  await clearLedger(house.run);
  const from = new Date(Date.now() - (options.clocksOffMsMax ?? 0));
  const earlier = new Set(await idsBilled(house, org, from));
  const traffic = startTraffic({
    routers: house.routers.map(({ url }) => url),
    apiKey: org.apiKey,
    requestsPerSecond,
    random,
  });
  const { readBefore, momentMs, enabled } = await whileAsking(house, options, {
    org,
    traffic,
    random,
  }).finally(traffic.stop);
  const { asked } = traffic;
  const answered = asked.filter(({ requestId }) => requestId !== '');
  const billed = await awaitBilled({ ...house.run }, org.adminToken, {
    from,
    count: answered.length + earlier.size,
    withinMs: billedWithinMs,
  });
  const rows = billed.filter(({ request_id }) => !earlier.has(request_id));
  if (enabled === undefined) await awaitRead(house, org, asked, momentMs);
  const { texts, opened } = await whatIsReadable(house, org, asked);
  const returnedAtMs = enabled?.returnedAtMs ?? momentMs;
  return {
    org,
    asked,
    enabled,
    readBefore,
    inFlight: asked.filter((one) => one.startedAtMs <= returnedAtMs && one.endedAtMs > returnedAtMs),
    after: asked.filter(({ startedAtMs }) => startedAtMs > returnedAtMs),
    readable: (of) => of.filter(({ canary }) => texts.has(canary.text)),
    rows,
    bill: billSums(rows),
    ledger: ledgerSums(await settledLedger(house.run)),
    opened,
  };
};
