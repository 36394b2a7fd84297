import { isObject, type Json, type JsonObject, listOr, objectOr } from '../json-codec.js';
import type { Random } from '../random.js';

const DEPTH_MAX = 12;
const VALUES_MAX = 2_000;
const STRING_CHARACTERS_MAX = 4_096;

const FORMATS: Readonly<Record<string, string>> = {
  'date-time': '2025-01-01T00:00:00Z',
  date: '2025-01-01',
  time: '00:00:00Z',
  uuid: '00000000-0000-4000-8000-000000000000',
  email: 'someone@example.com',
  uri: 'https://example.com/',
  ipv4: '192.0.2.1',
};

export interface SchemaValueOptions {
  /** What free strings say, cut to the schema's own limit. */
  readonly text: string;
  readonly random: Random;
}

/**
 * A value that fits a JSON schema on its surface: required properties, basic types, enums, arrays, nested objects and
 * local `$ref`s. Values and depth are bounded; where a bound is reached, null or an empty list stands instead.
 */
export function valueFor(schema: Json | undefined, options: SchemaValueOptions): Json {
  let values = 0;

  const resolve = (reference: string): Json | undefined =>
    reference
      .split('/')
      .slice(1)
      .reduce<Json | undefined>(
        (at, name) => objectOr(at)[name.replaceAll('~1', '/').replaceAll('~0', '~')],
        schema,
      );

  const fill = (at: JsonObject, depth: number): Json => {
    values += 1;
    if (values > VALUES_MAX || depth > DEPTH_MAX) return null;
    if (at.const !== undefined) return at.const;
    const [first, ...others] = listOr(at.enum);
    if (first !== undefined) return options.random.pick([first, ...others]);
    if (typeof at.$ref === 'string') return fill(objectOr(resolve(at.$ref)), depth + 1);
    if (Array.isArray(at.allOf)) return fill(mergedOf(at), depth + 1);
    const alternatives = listOr(at.anyOf ?? at.oneOf).map(objectOr);
    if (alternatives.length > 0) return fill(chosenOf(alternatives, depth), depth + 1);
    return ofType(at, depth);
  };

  const mergedOf = (at: JsonObject): JsonObject => {
    const { allOf, ...rest } = at;
    const parts = [rest, ...listOr(allOf).map(objectOr)].map((part) =>
      typeof part.$ref === 'string' ? objectOr(resolve(part.$ref)) : part,
    );
    const properties = Object.assign({}, ...parts.map((part) => objectOr(part.properties)));
    const required = parts.flatMap((part) => listOr(part.required));
    return { ...Object.assign({}, ...parts), properties, required };
  };

  const ofType = (at: JsonObject, depth: number): Json => {
    switch (typeOf(at)) {
      case 'object':
        return objectFor(at, depth);
      case 'array':
        return depth >= DEPTH_MAX - 1
          ? []
          : Array.from({ length: Math.min(countFor(at), VALUES_MAX - values) }, () =>
              fill(objectOr(at.items), depth + 1),
            );
      case 'integer':
        return Math.ceil(numberFor(at, options.random));
      case 'number':
        return numberFor(at, options.random);
      case 'boolean':
        return options.random.below(2) === 1;
      case 'null':
        return null;
      default:
        return stringFor(at, options.text);
    }
  };

  const objectFor = (at: JsonObject, depth: number): JsonObject => {
    const properties = objectOr(at.properties);
    const required = listOr(at.required).filter((name): name is string => typeof name === 'string');
    return Object.fromEntries(required.map((name) => [name, fill(objectOr(properties[name]), depth + 1)]));
  };

  return fill(objectOr(schema), 0);
}

/** The first alternative, but null where there is one and the depth says that the schema refers to itself. */
const chosenOf = (alternatives: JsonObject[], depth: number): JsonObject =>
  (depth > DEPTH_MAX / 2 ? alternatives.find((one) => one.type === 'null') : undefined) ??
  alternatives[0] ??
  {};

function typeOf(at: JsonObject): string {
  const named = Array.isArray(at.type) ? at.type.find((type) => type !== 'null') : at.type;
  if (typeof named === 'string') return named;
  if (isObject(at.properties)) return 'object';
  return at.items === undefined ? 'string' : 'array';
}

const numeric = (value: Json | undefined): number | undefined =>
  typeof value === 'number' ? value : undefined;

const countFor = (at: JsonObject): number => Math.max(numeric(at.minItems) ?? 1, 0);

function numberFor(at: JsonObject, random: Random): number {
  const above = numeric(at.exclusiveMinimum);
  const least = numeric(at.minimum) ?? (above === undefined ? undefined : above + 1);
  const most = numeric(at.maximum) ?? numeric(at.exclusiveMaximum);
  const step = numeric(at.multipleOf) ?? 0;
  if (step > 0) return step * Math.ceil((least ?? step) / step);
  if (least !== undefined) return least;
  return most === undefined ? random.below(100) : most - 1;
}

function stringFor(at: JsonObject, text: string): string {
  const format = typeof at.format === 'string' ? FORMATS[at.format] : undefined;
  if (format !== undefined) return format;
  const least = Math.min(numeric(at.minLength) ?? 0, STRING_CHARACTERS_MAX);
  const most = Math.min(numeric(at.maxLength) ?? STRING_CHARACTERS_MAX, STRING_CHARACTERS_MAX);
  return text.slice(0, Math.max(0, most)).padEnd(least, '.');
}
