import { LetheError } from '@lethe/service-kit';
import type { CallerWishes } from '../insight/caller-fields.js';

/** What a request says about itself beyond the provider's own fields. It can only ask for less than it is allowed. */
export interface RequestWishes {
  readonly telemetryOnly: boolean;
  readonly caller: CallerWishes;
}

type SmallObject = Readonly<Record<string, unknown>>;

/** True when a wish is spelled `true`; absent, null and false ask for nothing; anything else is refused. */
const booleanWish = (object: SmallObject | undefined, field: string, param: string): boolean => {
  const value = object?.[field];
  if (value === undefined || value === null || value === false) return false;
  if (value === true) return true;
  throw new LetheError('caller.invalid_type', param);
};

const dataCollectionWish = (provider: SmallObject | undefined): boolean => {
  const value = provider?.data_collection;
  if (value === undefined || value === null || value === 'allow') return false;
  if (value === 'deny') return true;
  throw new LetheError('caller.invalid_value', 'provider.data_collection');
};

/** By the first and third letter, h-t or x-l, x-r, x-t: most headers need no lower-case copy to be passed over. */
const mayBeExtra = (name: string): boolean => {
  const first = name.charCodeAt(0) | 0x20;
  const third = name.charCodeAt(2) | 0x20;
  return first === 0x78
    ? third === 0x6c || third === 0x72 || third === 0x74
    : first === 0x68 && third === 0x74;
};

const noExtras: CallerWishes['headerExtras'] = [];

/** Headers `X-Lethe-<Name>`, `X-Requesty-<Name>`, `HTTP-Referer` and `X-Title` become extras; none is forwarded. */
const headerExtras = (rawHeaders: readonly string[]): CallerWishes['headerExtras'] => {
  let extras: (readonly [string, string])[] | undefined;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const sent = rawHeaders[i] as string;
    if (!mayBeExtra(sent)) continue;
    const name = sent.toLowerCase();
    const value = rawHeaders[i + 1] as string;
    extras ??= [];
    if (name === 'http-referer') extras.push(['origin_referer', value]);
    else if (name === 'x-title') extras.push(['origin_title', value]);
    else if (name.startsWith('x-requesty-')) extras.push([name.slice('x-requesty-'.length), value]);
    else if (name.startsWith('x-lethe-')) extras.push([name.slice('x-lethe-'.length), value]);
  }
  return extras ?? noExtras;
};

/** The objects of a request that are ours or spelled by other gateways; `requesty` is the same thing as `lethe`. */
export interface OwnObjects {
  readonly lethe: SmallObject | undefined;
  readonly requesty: SmallObject | undefined;
  readonly provider: SmallObject | undefined;
}

/**
 * Reads the wishes of one request from its own objects and its headers. Any wish to be stricter counts, whichever
 * object says it; what is said twice is taken from `lethe`. Throws LetheError naming the field.
 */
export const readWishes = (objects: OwnObjects, rawHeaders: readonly string[]): RequestWishes => {
  const { lethe, requesty, provider } = objects;
  const own: SmallObject | undefined = requesty === undefined ? lethe : { ...requesty, ...lethe };
  // Each is read, so that a wish that is spelled wrong is refused whatever the others say.
  const ours = booleanWish(lethe, 'zdr', 'lethe.zdr');
  const theirs = booleanWish(requesty, 'zdr', 'requesty.zdr');
  const atProvider = booleanWish(provider, 'zdr', 'provider.zdr');
  const collectsNothing = dataCollectionWish(provider);
  return {
    telemetryOnly: ours || theirs || atProvider || collectsNothing,
    caller: {
      tags: own?.tags,
      userId: own?.user_id,
      traceId: own?.trace_id,
      extra: own?.extra,
      headerExtras: headerExtras(rawHeaders),
    },
  };
};
