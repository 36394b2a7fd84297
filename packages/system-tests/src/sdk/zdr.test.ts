import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { LedgerEntry } from '@lethe/simulated-provider';
import OpenAI from 'openai';
import { type Lethe, startLethe } from '../start-lethe.js';
import { awaitBilled, organizationOf } from '../support/accounting.js';
import { printFigures } from '../support/figures.js';
import { clearLedger, settledLedger } from '../support/ledger.js';
import { PROMPT_CANARY } from './expected-errors.js';
import { type Phase, runNode } from './node-program.js';
import { whereThereIsPython } from './python-program.js';
import { absentRoutes, refusedFields } from './refused-under-zdr.js';
import type { SdkRun, SdkTask } from './served.js';

type Run = (task: SdkTask, phase: Phase) => Promise<Omit<SdkRun, 'versions'>>;
const languages: [string, Run][] = [['Node', runNode], ...whereThereIsPython()];
const refused = [...refusedFields, ...absentRoutes];
const EMAIL = 'someone@example.com';

describe('the official SDKs under Zero Data Retention', () => {
  let lethe: Lethe;
  const figures: Record<string, unknown> = {};
  const taskOf = (slug: string): SdkTask => {
    const { keys } = organizationOf(lethe.run, slug);
    return {
      baseUrl: `${lethe.run.router}/v1`,
      apiKey: (keys.quiet ?? keys.default) as string,
      questions: [],
      leaveAfter: {},
      calls: refused.map(({ call }) => call),
    };
  };

  beforeAll(async () => {
    lethe = await startLethe();
  }, 90_000);
  beforeEach(() => clearLedger(lethe.run));
  afterAll(async () => {
    await lethe?.stop();
    printFigures('sdk under ZDR', figures);
  });

  it.each(languages)(
    '%s: what would be kept is refused with a clear code before anything leaves',
    async (language, run) => {
      const from = new Date();
      const { errors } = await run(taskOf('zdr-demo'), 'fail');
      const seen = errors.map(({ classes, status, code, type, param }, index) => {
        const { sdk, method, parameters, fields } = refused[index]?.call ?? {};
        const wanted = ['BadRequestError', 'NotFoundError'].find((name) => classes.includes(name));
        return [{ sdk, method, parameters, fields }, wanted, status, code, type, param];
      });
      expect(seen).toEqual(
        refused.map(({ call: { sdk, method, parameters, fields }, field }) => {
          const call = { sdk, method, parameters, fields };
          const isRoute = field === undefined;
          const [status, code] = isRoute ? [404, 'not_found'] : [400, 'field_refused'];
          const family = isRoute ? 'caller' : 'org_policy';
          const named = isRoute ? 'not_found_error' : 'invalid_request_error';
          const type = sdk === 'anthropic' ? named : family;
          return [call, isRoute ? 'NotFoundError' : 'BadRequestError', status, code, type, field ?? ''];
        }),
      );
      expect(errors.filter(({ text }) => text.includes(PROMPT_CANARY))).toEqual([]);
      expect(await settledLedger(lethe.run)).toEqual([]);

      const { adminToken } = organizationOf(lethe.run, 'zdr-demo');
      const rows = await awaitBilled(lethe.run, adminToken, { from, count: refused.length });
      expect(rows.map(({ request_id }) => request_id).sort()).toEqual(
        errors.map(({ requestId }) => requestId).sort(),
      );
      expect(
        rows.filter(({ outcome, cost_provider_nanos: cost }) => outcome !== 'refused' || cost !== '0'),
      ).toEqual([]);
      figures[language] = `${errors.length} refused, 0 at the provider`;
    },
    120_000,
  );

  it('control: without Zero Data Retention the same calls reach the provider', async () => {
    const calls = refusedFields.map(({ call }) => call);
    const { errors } = await runNode({ ...taskOf('open-demo'), calls }, 'fail');
    expect(errors.filter(({ code }) => code === 'field_refused')).toEqual([]);
    expect(await settledLedger(lethe.run)).toHaveLength(refusedFields.length);
  }, 60_000);

  const lastServed = async (): Promise<LedgerEntry | undefined> => (await settledLedger(lethe.run)).at(-1);

  it('Responses are not stored, whatever the program says of it; reasoning travels sealed', async () => {
    const { baseUrl: baseURL, apiKey } = taskOf('zdr-demo');
    const client = new OpenAI({ baseURL, apiKey });
    for (const store of [undefined, true]) {
      const { data, response } = await client.responses
        .create({
          model: 'sim/reasoning',
          input: 'Why is the sea salty?',
          metadata: { customer: 'somebody' },
          prompt_cache_retention: '24h',
          prompt_cache_key: 'tenant-7',
          safety_identifier: EMAIL,
          ...(store !== undefined && { store }),
        })
        .withResponse();
      expect(data.output[0]).toMatchObject({ type: 'reasoning', encrypted_content: expect.any(String) });
      expect(response.headers.get('x-lethe-dropped')).toBe(
        'metadata, prompt_cache_retention, safety_identifier',
      );
      expect(await lastServed()).toMatchObject({
        route: 'responses',
        store: false,
        stored: false,
        stateFields: [],
        include: ['reasoning.encrypted_content'],
        bodyFields: ['include', 'input', 'model', 'prompt_cache_key', 'store'],
      });
    }
  });

  it('control: without it a response is stored unless the program says no', async () => {
    const { baseUrl: baseURL, apiKey } = taskOf('open-demo');
    await new OpenAI({ baseURL, apiKey }).responses.create({
      model: 'sim/reasoning',
      input: 'Why is the sea salty?',
      metadata: { customer: 'somebody' },
    });
    expect(await lastServed()).toMatchObject({
      store: null,
      stored: true,
      include: [],
      bodyFields: ['input', 'metadata', 'model'],
    });
  });

  it('identifiers go on when they are opaque, and else stay here', async () => {
    const { baseUrl: baseURL, apiKey } = taskOf('zdr-demo');
    const openai = new OpenAI({ baseURL, apiKey });
    const anthropic = new Anthropic({ baseURL: new URL(baseURL).origin, apiKey });
    const asked = { model: 'sim/echo', messages: [{ role: 'user' as const, content: 'Hello' }] };
    const calls: readonly (readonly [string, () => Promise<unknown>])[] = [
      ['user', () => openai.chat.completions.create({ ...asked, user: 'tenant-7', store: true })],
      [
        'metadata',
        () => anthropic.messages.create({ ...asked, max_tokens: 9, metadata: { user_id: 'u-7' } }),
      ],
      ['user', () => openai.embeddings.create({ model: 'sim/embed', input: 'Hello', user: 'tenant-7' })],
    ];
    for (const [field, call] of calls) {
      await call();
      expect((await lastServed())?.bodyFields).toContain(field);
    }
    const named: readonly (readonly [string, () => Promise<unknown>])[] = [
      ['user', () => openai.chat.completions.create({ ...asked, user: EMAIL })],
      [
        'metadata',
        () => anthropic.messages.create({ ...asked, max_tokens: 9, metadata: { user_id: EMAIL } }),
      ],
      ['user', () => openai.embeddings.create({ model: 'sim/embed', input: 'Hello', user: EMAIL })],
    ];
    for (const [field, call] of named) {
      await call();
      expect((await lastServed())?.bodyFields).not.toContain(field);
    }
  });

  it('a profile that the package names in the head stays here', async () => {
    const { baseUrl, apiKey } = taskOf('zdr-demo');
    const client = new Anthropic({ baseURL: new URL(baseUrl).origin, apiKey });
    await client.messages.create({
      model: 'sim/echo',
      messages: [{ role: 'user', content: 'Hello' }],
      max_tokens: 100,
      user_profile_id: 'user_abc123',
    });
    const served = await lastServed();
    expect(served?.bodyFields).toEqual(['max_tokens', 'messages', 'model']);
    expect(served?.headerNames.filter((name) => /^anthropic-/.test(name))).toEqual(['anthropic-version']);
  });

  it('of the betas asked for, those that keep something stay here', async () => {
    const { baseUrl, apiKey } = taskOf('zdr-demo');
    const client = new Anthropic({ baseURL: new URL(baseUrl).origin, apiKey });
    const { response } = await client.beta.messages
      .create({
        model: 'sim/echo',
        messages: [{ role: 'user', content: 'Hello' }],
        max_tokens: 100,
        betas: ['interleaved-thinking-2025-05-14', 'files-api-2025-04-14', 'context-1m-2025-08-07'],
      })
      .withResponse();
    expect(response.headers.get('x-lethe-dropped')).toBe('anthropic-beta.1');
    expect((await lastServed())?.headerValues['anthropic-beta']).toBe(
      'interleaved-thinking-2025-05-14,context-1m-2025-08-07',
    );
  });
});
