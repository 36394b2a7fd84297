import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { compileEventSchema, eventsOutOfSchema } from './event-schema.js';

const branch = (type: string, names: readonly string[]) => ({
  type: 'object',
  properties: {
    type: { const: type },
    data: {
      type: 'object',
      properties: Object.fromEntries(names.map((name) => [name, { type: 'boolean' }])),
      additionalProperties: false,
    },
  },
  required: ['type', 'data'],
  additionalProperties: false,
});

describe('the validator of events', () => {
  const schema = compileEventSchema({ oneOf: [branch('a.made', ['on']), branch('b.made', ['off'])] });

  it('takes what is in the schema', () => {
    expect(schema.complaintOf({ type: 'a.made', data: { on: true } })).toBeUndefined();
  });

  it('finds what is not, and quotes nothing of it', () => {
    expect(schema.complaintOf({ type: 'a.made', data: { on: 'canary' } })).toBe('a.made: /data/on type');
    expect(schema.complaintOf({ type: 'b.made', data: { on: true } })).toMatch(/^b\.made: /);
    expect(schema.complaintOf('canary')).toMatch(/^no type: /);
    expect(schema.complaintOf({ type: 'a.made', data: { canary: true } })).not.toContain('canary');
  });

  it('refuses a schema that has words it does not know', () => {
    expect(() => compileEventSchema({ type: 'object', colour: 'red' })).toThrow();
  });
});

describe('the events of a running audit service', () => {
  /** What audit would answer, with two pages of events. */
  const serve = async (secondPage: unknown[]) => {
    const answers: Readonly<Record<string, unknown>> = {
      '/v1/audit/schema': branch('a.made', ['on']),
      '/v1/audit/events?limit=200': {
        data: [{ index: 1, event: { type: 'a.made', data: { on: true } } }],
        next_cursor: 'older',
      },
      '/v1/audit/events?limit=200&cursor=older': {
        data: secondPage.map((event, index) => ({ index, event })),
        next_cursor: null,
      },
    };
    const server = createServer(({ url = '', headers }, response) => {
      response.statusCode = headers.authorization === 'Bearer ops' && url in answers ? 200 : 404;
      response.end(JSON.stringify(answers[url]));
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    try {
      return await eventsOutOfSchema({ audit: `http://127.0.0.1:${port}`, operatorToken: 'ops' });
    } finally {
      server.closeAllConnections();
      server.close();
    }
  };

  it('are all looked at', async () => {
    const right = { type: 'a.made', data: { on: false } };
    expect(await serve([right])).toEqual({ events: 2, complaints: [] });
    expect(await serve([{ type: 'a.made', data: { on: 'canary' } }])).toEqual({
      events: 2,
      complaints: ['event 0, a.made: /data/on type'],
    });
  });
});
