import { isBoundedIdentifier } from '@lethe/contracts';
import type { ProviderAccepts } from '@lethe/model-catalog';
import { LetheError } from '@lethe/service-kit';
import type { Edit, RequestBody } from '../../http/types.js';
import {
  type ChatField,
  opaqueUnderZdr,
  ownFields,
  refusedUnderZdr,
  strippedUnderZdr,
} from './chat-fields.js';
import { removeFields, setField } from './field-edits.js';

interface EditOptions {
  readonly body: RequestBody<ChatField>;
  readonly upstreamModel: string;
  readonly streaming: boolean;
  /** True under organization ZDR and when the request asked for telemetry only. */
  readonly zdr: boolean;
  readonly accepts: ProviderAccepts;
}

export interface PlannedEdits {
  readonly edits: readonly Edit[];
  /** Fields taken out because of ZDR, by name. */
  readonly stripped: readonly ChatField[];
  /** The router asked for usage by itself, so the extra event must be taken out of the stream again. */
  readonly removeUsageEvent: boolean;
}

const opaqueBytesMax = 64;

const takes = (accepts: ProviderAccepts, name: 'store' | 'stream_options'): boolean =>
  (name === 'store' ? accepts.store : accepts.streamOptions) && !accepts.unsupportedFields.includes(name);

/** Refuses what may not leave under ZDR. Throws LetheError org_policy.field_refused, naming a known field. */
const refuseUnderZdr = (body: RequestBody<ChatField>): void => {
  for (const { name, kind } of body.scan.fields) {
    if (name === undefined) throw new LetheError('org_policy.field_refused');
    if (refusedUnderZdr.includes(name) && kind !== 'null')
      throw new LetheError('org_policy.field_refused', name);
  }
};

const isOpaque = (body: RequestBody<ChatField>, name: ChatField): boolean =>
  isBoundedIdentifier(body.readString(name, opaqueBytesMax));

const strippedFor = (body: RequestBody<ChatField>, zdr: boolean): ChatField[] => {
  if (!zdr) return [];
  refuseUnderZdr(body);
  return [
    ...strippedUnderZdr.filter((name) => body.scan.field(name) !== undefined),
    ...opaqueUnderZdr.filter((name) => body.scan.field(name) !== undefined && !isOpaque(body, name)),
  ];
};

/** Asks for usage in a stream when the caller did not. Undefined: nothing to ask. */
const askForUsage = ({ body, streaming, accepts }: EditOptions): Edit | undefined => {
  if (!streaming || accepts.streamUsage !== 'on_request' || !takes(accepts, 'stream_options'))
    return undefined;
  const asked = body.readObject('stream_options');
  if (asked?.include_usage === true) return undefined;
  return setField(body, 'stream_options', JSON.stringify({ ...asked, include_usage: true }));
};

/**
 * What has to change in a request before it goes to this provider: the model's name there, our own fields out, what
 * the provider does not take out, usage asked for, and under ZDR whatever would make the provider store.
 */
export const planEdits = (options: EditOptions): PlannedEdits => {
  const { body, accepts, zdr } = options;
  const stripped = strippedFor(body, zdr);
  const unsupported = new Set<string>(accepts.unsupportedFields);
  const takesStore = takes(accepts, 'store');
  const leaves = (name: ChatField | undefined): boolean =>
    name !== undefined &&
    name !== 'model' &&
    (ownFields.includes(name) ||
      stripped.includes(name) ||
      unsupported.has(name) ||
      (name === 'store' && zdr && !takesStore) ||
      (name === 'stream_options' && !takes(accepts, name)));
  const edits: Edit[] = removeFields(body.scan, leaves);
  edits.push(setField(body, 'model', JSON.stringify(options.upstreamModel)));
  if (zdr && takesStore) edits.push(setField(body, 'store', 'false'));
  const usage = askForUsage(options);
  if (usage !== undefined) edits.push(usage);
  return { edits, stripped, removeUsageEvent: usage !== undefined };
};
