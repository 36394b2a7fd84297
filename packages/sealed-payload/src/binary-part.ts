import type { BinaryMarker } from './payload-document.js';

/** Where a string stands: its own name, the name of the object that holds it, and that object. */
export interface StringPlace {
  readonly name: string;
  readonly parentName: string;
  readonly parent: Readonly<Record<string, unknown>>;
}

const DATA_URL = /^data:([a-z0-9.+/-]*)(?:;[^;,]*)*;base64,/i;
const DATA_URL_HEADER_CHARACTERS_MAX = 1024;
const MEDIA_TYPE = /^[a-z0-9.+-]{1,48}\/[a-z0-9.+-]{1,48}$/i;
const UNKNOWN_MEDIA_TYPE = 'application/octet-stream';
const INLINE_DATA_PARENTS = ['input_audio', 'audio', 'inline_data', 'inlineData'];

/** The marker for a string that is binary content (a data URL, or base64 in a known field); undefined for text. */
export function binaryMarkerOf(text: string, place: StringPlace): BinaryMarker | undefined {
  const header = DATA_URL.exec(text.slice(0, DATA_URL_HEADER_CHARACTERS_MAX));
  if (header !== null) {
    return binaryMarker(decodedBytes(text, header[0].length), header[1]);
  }
  return isBase64Field(place) ? binaryMarker(decodedBytes(text, 0), mediaTypeBeside(place)) : undefined;
}

/** A marker for so many bytes; a media type that is none is reported as unknown. */
export function binaryMarker(bytes: number, mediaType: unknown): BinaryMarker {
  const isKnown = typeof mediaType === 'string' && MEDIA_TYPE.test(mediaType);
  return { type: 'binary', bytes, mediaType: isKnown ? mediaType : UNKNOWN_MEDIA_TYPE };
}

/** The fields in which the dialects carry base64 without a data URL around it. */
function isBase64Field({ name, parentName, parent }: StringPlace): boolean {
  if (name === 'b64_json' || name === 'file_data') return true;
  if (name === 'bytes') return parentName === 'source';
  if (name !== 'data') return false;
  return INLINE_DATA_PARENTS.includes(parentName) || parent.type === 'base64';
}

function mediaTypeBeside({ parentName, parent }: StringPlace): unknown {
  const named = parent.media_type ?? parent.mime_type ?? parent.mimeType;
  if (named !== undefined) return named;
  const isAudio = parentName.endsWith('audio') && typeof parent.format === 'string';
  return isAudio ? `audio/${parent.format}` : undefined;
}

function decodedBytes(text: string, from: number): number {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  return Math.max(0, Math.floor(((text.length - from) * 3) / 4) - padding);
}
