import { isBoundedIdentifier } from '@lethe/contracts';
import type { ProviderAccepts } from '@lethe/model-catalog';
import { LetheError } from '@lethe/service-kit';
import type { Edit, RequestBody } from '../http/types.js';
import { type EditContext, type Face, ownFieldNames } from './face.js';
import { removeFields, setField } from './field-edits.js';

interface EditOptions extends EditContext {
  readonly face: Face;
  readonly upstreamModel: string;
  readonly accepts: ProviderAccepts;
}

export interface PlannedEdits {
  readonly edits: readonly Edit[];
  /** Fields taken out because of ZDR, by name. */
  readonly stripped: readonly string[];
  /** The router asked for usage by itself, so the extra event must be taken out of the stream again. */
  readonly removeUsageEvent: boolean;
}

const opaqueBytesMax = 64;

const takes = (accepts: ProviderAccepts, name: 'store' | 'stream_options'): boolean =>
  (name === 'store' ? accepts.store : accepts.streamOptions) && !accepts.unsupportedFields.includes(name);

/** Refuses top-level fields that may not leave under ZDR. Throws LetheError org_policy.field_refused, naming a known field. */
const refuseUnderZdr = ({ zdr }: Face, body: RequestBody): void => {
  for (const { name, kind } of body.scan.fields) {
    if (name === undefined) throw new LetheError('org_policy.field_refused');
    if (zdr.refused.includes(name) && kind !== 'null') throw new LetheError('org_policy.field_refused', name);
    if (zdr.refusedWhenTrue.includes(name) && kind === 'true')
      throw new LetheError('org_policy.field_refused', name);
  }
};

const isOpaque = (body: RequestBody, name: string): boolean =>
  isBoundedIdentifier(body.readString(name, opaqueBytesMax));

const strippedFor = ({ face, body, zdr }: EditOptions): string[] => {
  if (!zdr) return [];
  refuseUnderZdr(face, body);
  return [
    ...face.zdr.stripped.filter((name) => body.scan.field(name) !== undefined),
    ...face.zdr.opaque.filter((name) => body.scan.field(name) !== undefined && !isOpaque(body, name)),
  ];
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
  const stripped = strippedFor(options);
  const forcesStore = zdr && face.takesStore;
  const takesStore = takes(accepts, 'store');
  const leaves = (name: string | undefined): boolean =>
    name !== undefined &&
    name !== 'model' &&
    (ownFieldNames.includes(name) ||
      stripped.includes(name) ||
      accepts.unsupportedFields.includes(name) ||
      (name === 'store' && forcesStore && !takesStore) ||
      (name === 'stream_options' && face.asksForUsage && !takes(accepts, name)));
  const edits: Edit[] = removeFields(body.scan, leaves);
  edits.push(setField(body, 'model', JSON.stringify(options.upstreamModel)));
  if (forcesStore && takesStore) edits.push(setField(body, 'store', 'false'));
  const usage = askForUsage(options);
  if (usage !== undefined) edits.push(usage);
  if (face.edits !== undefined) edits.push(...face.edits(options));
  return { edits, stripped, removeUsageEvent: usage !== undefined };
};
