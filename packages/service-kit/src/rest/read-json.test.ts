import { describe, expect, it } from '@jest/globals';
import { errorBody } from '@lethe/contracts';
import { Hono } from 'hono';
import { z } from 'zod';
import { createMetrics } from '../process/metrics.js';
import { createLogger } from '../safe/log.js';
import { readJson } from './read-json.js';
import { withHouseRoutes } from './rest-app.js';

const canary = 'CANARY-7f1f';
const schema = z.strictObject({
  name: z.string().min(1).max(8),
  logging: z.boolean().optional(),
  limits: z.strictObject({ bytes: z.number().int().max(10) }).optional(),
  labels: z.record(z.string(), z.number()).optional(),
});
const lines: string[] = [];
const app = withHouseRoutes(new Hono(), {
  origin: 'admin-config',
  log: createLogger('admin-config', (line) => lines.push(line)),
  metrics: createMetrics('admin-config'),
  ready: () => true,
});
app.post('/things', async (c) => c.json(await readJson(c, schema)));
const send = async (body: string | Buffer) => {
  const answer = await app.request('/things', { method: 'POST', body: new Uint8Array(Buffer.from(body)) });
  return { status: answer.status, text: await answer.text() };
};

describe('a body', () => {
  it('is read with its schema', async () => {
    expect(await send('{"name":"a","limits":{"bytes":3}}')).toEqual({
      status: 200,
      text: '{"name":"a","limits":{"bytes":3}}',
    });
  });

  it.each<[string, string | Buffer, Parameters<typeof errorBody>[0], string | null]>([
    ['is empty', '', 'caller.empty_body', null],
    ['is not JSON', `{"name":${canary}`, 'caller.malformed_json', null],
    ['is cut off', '{"name":"CANARY', 'caller.malformed_json', null],
    ['is a text', `"${canary}"`, 'caller.invalid_type', null],
    ['is null', 'null', 'caller.invalid_type', null],
    ['is a list', `["${canary}"]`, 'caller.invalid_type', null],
    ['lacks a field', '{}', 'caller.invalid_type', 'name'],
    ['has a field of a wrong type', '{"name":7}', 'caller.invalid_type', 'name'],
    ['has a value that is not allowed', `{"name":"${canary}"}`, 'caller.invalid_value', 'name'],
    ['has a field nobody knows', `{"name":"a","${canary}":1}`, 'caller.unknown_field', null],
    [
      'has a field nobody knows further down',
      `{"name":"a","limits":{"bytes":1,"${canary}":1}}`,
      'caller.unknown_field',
      'limits',
    ],
    [
      'has a wrong value further down',
      '{"name":"a","limits":{"bytes":99}}',
      'caller.invalid_value',
      'limits',
    ],
    [
      'has a wrong value under a name of the caller',
      `{"name":"a","labels":{"${canary}":"x"}}`,
      'caller.invalid_type',
      'labels',
    ],
    ['tries the prototype', `{"name":"a","__proto__":{"${canary}":1}}`, 'caller.unknown_field', null],
    ['is not UTF-8', Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), 'caller.malformed_json', null],
  ])('that %s is refused by name and never quoted', async (_how, body, code, param) => {
    const { status, text } = await send(body);
    expect([status, JSON.parse(text)]).toEqual([400, errorBody(code, 'admin-config', param)]);
    expect(text).not.toContain('CANARY');
  });

  it('leaves nothing in the log', () => {
    expect(lines).toEqual([]);
  });
});
