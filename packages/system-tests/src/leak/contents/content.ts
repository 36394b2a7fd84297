import type { Canary } from '@lethe/leak-prover';
import type { Planter } from '../manifest.js';
import type { ServedRoute } from '../served-routes.js';

/** What a request holds that has a canary wherever its dialect has words. */
export interface LoadedContent {
  readonly fields: Readonly<Record<string, unknown>>;
  /** The canaries that belong to the payload of a key that logs. */
  readonly payload: readonly Canary[];
}

/** How one route is asked: its entry in the matrix. */
export interface RouteContent {
  readonly name: string;
  /** What answers well. */
  readonly models: readonly string[];
  /** Answers hold what was said last. */
  readonly repeats: boolean;
  /** The smallest sound request that says this. */
  readonly asking: (said: unknown) => Readonly<Record<string, unknown>>;
  readonly loaded: (planter: Planter) => LoadedContent;
  /** Parts of a request, each of which Zero Data Retention refuses below the top level. */
  readonly watched: Readonly<Record<string, (text: string) => Readonly<Record<string, unknown>>>>;
}

export const base64 = ({ text }: Canary): string => Buffer.from(`\u0089PNG${text}`).toString('base64');

/** Plants canaries and remembers which of them belong to the payload. */
export class Payload {
  readonly canaries: Canary[] = [];

  constructor(private readonly planter: Planter) {}

  said(place: string): Canary {
    const planted = this.planter.at(place);
    this.canaries.push(planted);
    return planted;
  }
}

/** Fields that decide how a request is served, or are planted on their own. */
const SPECIAL = new Set(['model', 'stream', 'stream_options', 'lethe', 'requesty', 'provider']);

const plantField = (planter: Planter, name: string, rule: string): unknown => {
  const value = (): string => planter.at(`field ${name}`).text;
  switch (rule) {
    case 'number':
    case 'boolean':
      return undefined;
    case 'object':
      return { [planter.at(`field ${name} key`).text]: value() };
    case 'array':
      return [value()];
    default:
      return value();
  }
};

/** A canary in every other field that the router knows and ZDR lets pass, so that a new field has one at once. */
export const loadedFields = (
  planter: Planter,
  { fields, zdr }: ServedRoute,
  planted: Readonly<Record<string, unknown>>,
): Record<string, unknown> => {
  const free = Object.entries(fields).filter(
    ([name]) => !SPECIAL.has(name) && !zdr.refused.includes(name) && !Object.hasOwn(planted, name),
  );
  return Object.fromEntries(free.map(([name, rule]) => [name, plantField(planter, name, rule)]));
};
