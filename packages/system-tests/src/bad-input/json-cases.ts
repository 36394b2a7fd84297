import { chatBody } from './requests.js';

/** A body that is refused: what it is, and what the caller is told. `secret` stands wherever a value could be quoted. */
export interface BodyCase {
  readonly name: string;
  readonly body: (secret: string) => Buffer | string;
  readonly status: number;
  readonly code: string;
  readonly param: string | null;
}

const MiB = 1024 * 1024;
const userSays = (inner: string): string =>
  `{"model":"sim/echo","messages":[{"role":"user","content":${inner}}]}`;
const bytesIn = (secret: string, ...bytes: readonly number[]): Buffer =>
  Buffer.concat([
    Buffer.from(`{"model":"sim/echo","messages":[{"role":"user","content":"${secret}`),
    Buffer.from(bytes),
    Buffer.from('"}]}'),
  ]);

const malformed = (name: string, param: string | null, body: BodyCase['body']): BodyCase => ({
  name,
  body,
  status: 400,
  code: 'malformed_json',
  param,
});
const refused = (name: string, code: string, param: string | null, body: BodyCase['body']): BodyCase => ({
  name,
  body,
  status: 400,
  code,
  param,
});
const wrongType = (field: string, value: (secret: string) => unknown): BodyCase =>
  refused(`${field} of the wrong type`, 'invalid_type', field, (secret) =>
    chatBody({ [field]: value(secret) }),
  );

/** JSON that is broken, or sound and still not a request. */
export const jsonCases: readonly BodyCase[] = [
  malformed('malformed', 'messages', (secret) => userSays(secret)),
  malformed('a single quote for a double one', 'messages', (secret) => userSays(`'${secret}'`)),
  malformed('truncated in a string', 'messages', (secret) => userSays(`"${secret}"`).slice(0, -6)),
  malformed('truncated after a field', null, (secret) => `{"model":"sim/echo","user":"${secret}"`),
  malformed('more after its end', null, (secret) => `${chatBody()}${secret}`),
  malformed('a raw NUL in a string', 'messages', (secret) => userSays(`"${secret}\u0000"`)),
  malformed('a raw line break in a string', 'messages', (secret) => userSays(`"${secret}\n"`)),
  malformed('nothing but NULs', null, () => Buffer.alloc(64)),
  malformed('a byte order mark first', null, () => `\ufeff${chatBody()}`),
  malformed('a bad escape', 'messages', (secret) => userSays(`"\\x${secret}"`)),
  malformed('a comment', null, (secret) => `{/* ${secret} */"model":"sim/echo"}`),
  malformed('NaN', 'temperature', () => '{"model":"sim/echo","temperature":NaN,"messages":[]}'),
  refused(
    'a known field twice',
    'duplicate_field',
    'model',
    (secret) => `{"model":"sim/echo","model":"${secret}","messages":[]}`,
  ),
  refused(
    'messages twice',
    'duplicate_field',
    'messages',
    (secret) => `{"model":"sim/echo","messages":[],"messages":[{"role":"user","content":"${secret}"}]}`,
  ),
  refused(
    'an unknown field twice',
    'duplicate_field',
    null,
    (secret) => `{"model":"sim/echo","${secret}":1,"${secret}":2,"messages":[]}`,
  ),
  refused(
    'a field name with an escape',
    'escaped_field_name',
    null,
    (secret) => `{"\\u006dodel":"${secret}","messages":[]}`,
  ),
  refused(
    'two hundred levels',
    'nesting_too_deep',
    'messages',
    (secret) => `{"model":"sim/echo","messages":${'['.repeat(200)}"${secret}"${']'.repeat(200)}}`,
  ),
  refused('three hundred fields', 'too_many_fields', null, (secret) =>
    JSON.stringify(Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`${secret}-${n}`, n]))),
  ),
  refused('bytes that are not UTF-8', 'invalid_utf8', 'messages', (secret) => bytesIn(secret, 0xff, 0xfe)),
  refused('an overlong UTF-8 sequence', 'invalid_utf8', 'messages', (secret) => bytesIn(secret, 0xc0, 0xaf)),
  refused('a UTF-8 surrogate', 'invalid_utf8', 'messages', (secret) => bytesIn(secret, 0xed, 0xa0, 0x80)),
  refused('a UTF-8 sequence cut off', 'invalid_utf8', 'messages', (secret) => bytesIn(secret, 0xe2, 0x82)),
  refused('a lone high surrogate', 'lone_surrogate', 'messages', (secret) => userSays(`"\\ud800${secret}"`)),
  refused('a lone low surrogate', 'lone_surrogate', 'messages', (secret) => userSays(`"${secret}\\udc00"`)),
  refused(
    'a huge exponent',
    'number_out_of_range',
    'max_tokens',
    () => '{"model":"sim/echo","max_tokens":1e999,"messages":[]}',
  ),
  refused(
    'a number of a thousand digits',
    'number_out_of_range',
    'seed',
    () => `{"model":"sim/echo","seed":${'7'.repeat(1_000)},"messages":[]}`,
  ),
  wrongType('model', () => 5),
  wrongType('model', (secret) => ({ [secret]: secret })),
  wrongType('model', () => null),
  wrongType('messages', (secret) => secret),
  wrongType('messages', (secret) => ({ content: secret })),
  wrongType('stream', (secret) => secret),
  wrongType('temperature', (secret) => secret),
  wrongType('stream_options', (secret) => [secret]),
  wrongType('tools', (secret) => ({ function: secret })),
  wrongType('response_format', (secret) => secret),
  wrongType('metadata', (secret) => secret),
  wrongType('lethe', (secret) => secret),
  wrongType('provider', (secret) => [secret]),
  refused('lethe.zdr of the wrong type', 'invalid_type', 'lethe.zdr', (secret) =>
    chatBody({ lethe: { zdr: secret } }),
  ),
  refused('provider.zdr of the wrong type', 'invalid_type', 'provider.zdr', (secret) =>
    chatBody({ provider: { zdr: secret } }),
  ),
  refused(
    'provider.data_collection of an unknown value',
    'invalid_value',
    'provider.data_collection',
    (secret) => chatBody({ provider: { data_collection: secret } }),
  ),
  refused('no model', 'missing_field', 'model', (secret) => chatBody({ model: undefined, user: secret })),
  refused('no messages', 'missing_field', 'messages', (secret) =>
    chatBody({ messages: undefined, user: secret }),
  ),
  refused('no bytes', 'empty_body', null, () => ''),
  refused('white space alone', 'empty_body', null, () => ' \n\t '),
  refused('an array', 'not_an_object', null, (secret) => `["${secret}"]`),
  refused('a string', 'not_an_object', null, (secret) => `"${secret}"`),
  refused('null', 'not_an_object', null, () => 'null'),
  ...['sim/', '', 'no-such-provider/', `sim/echo@`].map(
    (prefix): BodyCase => ({
      name: `an unknown model below "${prefix}"`,
      body: (secret) => chatBody({ model: `${prefix}${secret}` }),
      status: 404,
      code: 'model_unknown',
      param: 'model',
    }),
  ),
  {
    name: 'a model name of ten thousand characters',
    body: (secret) => chatBody({ model: secret.repeat(250) }),
    status: 404,
    code: 'model_unknown',
    param: 'model',
  },
  {
    name: 'more than the limit',
    body: (secret) => chatBody({ user: secret.padEnd(33 * MiB, 'x') }),
    status: 413,
    code: 'body_too_large',
    param: null,
  },
];
