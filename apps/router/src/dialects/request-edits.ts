import type { ProviderAccepts } from '@lethe/model-catalog';
import type { Edit } from '../http/types.js';
import { type EditContext, type Face, ownFieldNames } from './face.js';
import { removeFields, setField } from './field-edits.js';
import { refuseWatched } from './watched-places.js';
import { refuseFields, strippedFields } from './zdr-fields.js';

interface EditOptions extends EditContext {
  readonly face: Face;
  /** The model's name at the provider, as a JSON string. */
  readonly upstreamModelJson: Buffer;
  readonly accepts: ProviderAccepts;
}

export interface PlannedEdits {
  readonly edits: readonly Edit[];
  /** Fields taken out because of ZDR, by name. */
  readonly stripped: readonly string[];
  /** The router asked for usage by itself, so the extra event must be taken out of the stream again. */
  readonly removeUsageEvent: boolean;
}

const nothingForced: readonly [string, string][] = [];

const takes = (accepts: ProviderAccepts, name: 'store' | 'stream_options'): boolean =>
  (name === 'store' ? accepts.store : accepts.streamOptions) && !accepts.unsupportedFields.includes(name);

/** Refuses what may not leave; the names of what is taken out. */
const strippedUnderZdr = ({ face, body, zdr }: EditOptions): string[] => {
  if (!zdr) return [];
  refuseFields(face, body);
  refuseWatched(face, body);
  return strippedFields(face, body);
};

/** Asks for usage in a stream when the caller did not. Undefined: nothing to ask. */
const askForUsage = ({ face, body, streaming, accepts }: EditOptions): Edit | undefined => {
  if (!streaming || !face.asksForUsage) return undefined;
  if (accepts.streamUsage !== 'on_request' || !takes(accepts, 'stream_options')) return undefined;
  const asked = body.readObject('stream_options');
  if (asked?.include_usage === true) return undefined;
  return setField(body, 'stream_options', JSON.stringify({ ...asked, include_usage: true }));
};

/**
 * What has to change in a request before it goes to this provider: the model's name there, our own fields out, what
 * the provider does not take out, usage asked for, and under ZDR whatever would make the provider store.
 */
export const planEdits = (options: EditOptions): PlannedEdits => {
  const { face, body, accepts, zdr } = options;
  const stripped = strippedUnderZdr(options);
  const forced = zdr ? Object.entries(accepts.forcedUnderZdr ?? {}) : nothingForced;
  const storeTaken = face.store === 'always' || takes(accepts, 'store');
  const forcesStore = zdr && face.store !== 'none';
  const leaves = (name: string | undefined): boolean => {
    if (name === undefined || name === 'model' || forced.some(([field]) => field === name)) return false;
    if (name === 'store' && face.store === 'always') return false;
    return (
      ownFieldNames.includes(name) ||
      stripped.includes(name) ||
      accepts.unsupportedFields.includes(name) ||
      (name === 'store' && forcesStore && !storeTaken) ||
      (name === 'stream_options' && face.asksForUsage && !takes(accepts, name))
    );
  };
  const edits: Edit[] = [setField(body, 'model', options.upstreamModelJson)];
  removeFields(body.scan, leaves, edits);
  for (const [field, value] of forced) edits.push(setField(body, field, value));
  if (forcesStore && storeTaken) edits.push(setField(body, 'store', 'false'));
  const usage = askForUsage(options);
  if (usage !== undefined) edits.push(usage);
  if (face.edits !== undefined) edits.push(...face.edits(options));
  return { edits, stripped, removeUsageEvent: usage !== undefined };
};
