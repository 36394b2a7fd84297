import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { allEndpoints } from '../rest/rest-app.js';
import { groupRoutes } from '../testing/group-routes.contract.js';
import { keyRoutes } from '../testing/key-routes.contract.js';
import { operatorRoutes } from '../testing/operator-routes.contract.js';
import { orgRoutes } from '../testing/org-routes.contract.js';
import {
  type RefusedCall,
  type RouteCall,
  type RouteTable,
  said,
  setStage,
} from '../testing/stage.contract.js';
import {
  type AuditEvent,
  makeOrg,
  startWorld,
  type TestOrg,
  takeAuditEvents,
  type World,
} from '../testing/world.contract.js';

const table: RouteTable = { ...orgRoutes, ...groupRoutes, ...keyRoutes, ...operatorRoutes };
const uuid = expect.stringMatching(/^[0-9a-f-]{36}$/);

/** What callers send beside bodies. */
const headers = {
  'user-agent': said,
  'x-request-id': said,
  'x-correlation-id': said,
  traceparent: `00-${said}`,
  'x-forwarded-for': said,
  forwarded: `for=${said}`,
  referer: `https://${said}.example/`,
  cookie: `session=${said}`,
};

/** What an event says, and nothing that differs between runs. */
const factsOf = ({ type, subject, partitionkey, data }: AuditEvent) => ({
  type: type.replace(/^ai\.lethe\.audit\.(.*)\.v1$/, '$1'),
  actor: `${data.actor.user.type}/${data.actor.user.uid}`,
  subject,
  org: partitionkey,
  status: data.status_id,
  operation: data.api?.operation,
  refusal: data.unmapped.refusal,
  before: data.unmapped.before,
  after: data.unmapped.after,
  correlation: data.metadata.correlation_uid,
});

describe('every route that changes something', () => {
  let world: World;
  let other: TestOrg;
  const missingRows = (app = world.replica.app): string[] =>
    app.routes
      .filter(({ method }) => !['GET', 'ALL'].includes(method))
      .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`)
      .filter((route) => !Object.hasOwn(table, route));

  beforeAll(async () => {
    world = await startWorld();
    other = await makeOrg(world);
  });
  afterAll(() => world.close());

  it('has a row here, and an event that it names', () => {
    expect(missingRows()).toEqual([]);
    const named = allEndpoints(world.replica.deps).filter(({ event }) => event !== undefined);
    expect(named.map(({ method, path }) => `${method.toUpperCase()} ${path}`).sort()).toEqual(
      Object.keys(table).sort(),
    );
  });

  it('would be noticed without one', () => {
    const { app } = world.addReplica();
    app.post('/v1/manage/unheard-of', (c) => c.json({}));
    expect(missingRows(app)).toEqual(['POST /v1/manage/unheard-of']);
  });

  const ask = async (method: string, call: RouteCall, token: string) => {
    const { path, body } = call;
    return world.call(method, `${path}?${said}=${said}`, { token, headers, ...(body ? { body } : {}) });
  };
  const isAny = (target: string) => !target.includes('/');
  const subjectOf = (target: string) =>
    isAny(target) ? expect.stringMatching(new RegExp(`^${target}/[0-9a-f-]{36}$`)) : target;

  describe.each(Object.keys(table))('%s', (route) => {
    const method = route.split(' ')[0] ?? '';
    const isOperators = route.includes(' /v1/operator/');
    const nameOf = () =>
      allEndpoints(world.replica.deps).find((spec) => `${spec.method.toUpperCase()} ${spec.path}` === route)
        ?.event;

    const expectRefusal = async (
      call: RefusedCall,
      actor: string,
      token: string,
      org: string | undefined,
    ) => {
      await takeAuditEvents(world);
      const answer = await ask(method, call, token);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect((await takeAuditEvents(world)).map(factsOf)).toEqual([
        {
          type: 'change.refused',
          actor,
          subject: subjectOf(call.target),
          org,
          status: 2,
          operation: call.attempted ?? nameOf(),
          refusal: call.refusal,
          before: call.before,
          after: call.after,
          correlation: answer.headers.get('x-lethe-request-id'),
        },
      ]);
    };

    it('leaves one event of each refusal, and one of the success', async () => {
      const stage = await setStage(world, other);
      const { org } = stage;
      const row = table[route]?.(stage);
      if (row === undefined) throw new Error('no row');
      const roleOf = (userId: string) =>
        userId === org.admin.userId ? 'admin' : userId === org.auditor.userId ? 'auditor' : 'member';
      for (const call of row.refused) {
        const by = call.by ?? org.admin;
        await expectRefusal(call, `${roleOf(by.userId)}/${by.userId}`, by.token, org.id);
      }
      const { success } = row;
      if (isOperators) {
        const own = { ...success, target: `organization/${org.id}`, refusal: 'caller.invalid_token' };
        const bare = { path: own.path, target: own.target, refusal: own.refusal };
        await expectRefusal(bare, `admin/${org.admin.userId}`, org.admin.token, org.id);
      } else {
        const bare = { path: success.path, target: 'deployment/deployment', refusal: 'caller.forbidden' };
        await expectRefusal(bare, 'operator/operator', world.operatorToken, undefined);
      }
      await row.first?.(world);
      await takeAuditEvents(world);
      const answer = await ask(method, success, isOperators ? world.operatorToken : org.admin.token);
      expect([answer.status < 300, answer.error]).toEqual([true, undefined]);
      const events = (await takeAuditEvents(world)).map(factsOf);
      const [event] = events.filter(({ type }) => type === nameOf());
      expect(events.map(({ type }) => type).sort()).toEqual([nameOf(), ...(row.also ?? [])].sort());
      expect(event).toMatchObject({
        actor: isOperators ? 'operator/operator' : `admin/${org.admin.userId}`,
        subject: subjectOf(success.target),
        status: 1,
        correlation: answer.headers.get('x-lethe-request-id'),
      });
      if (!['DELETE /v1/operator/audit-salt', 'POST /v1/operator/zdr/repair'].includes(route))
        expect(event?.org).toEqual(route === 'POST /v1/operator/org' ? uuid : org.id);
      expect([event?.refusal, event?.operation]).toEqual([undefined, undefined]);
      if (success.before === undefined) expect(event?.before).toBeUndefined();
      else expect(event?.before).toEqual(success.before);
      if (success.after === undefined) expect([undefined, {}]).toContainEqual(event?.after);
      else expect(event?.after).toMatchObject(success.after);
    });
  });

  describe('what callers wrote', () => {
    interface BodySchema {
      readonly properties?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    }
    const documented = ['slug', 'key'];
    const isFreeText = ([name, schema]: [string, Readonly<Record<string, unknown>>]): boolean =>
      ['string', 'object', 'array'].includes(String(schema.type)) &&
      schema.enum === undefined &&
      !['uuid', 'date-time'].includes(String(schema.format)) &&
      !['sha256', 'permissions', 'payload_limits', ...documented].includes(name);

    it('stood in every field that takes text', async () => {
      const paths = (await world.call('GET', '/openapi.json')).body.paths as Readonly<
        Record<
          string,
          Readonly<Record<string, { requestBody?: { content: Record<string, { schema: BodySchema }> } }>>
        >
      >;
      const stage = await setStage(world, other);
      let fields = 0;
      for (const [route, rowOf] of Object.entries(table)) {
        const [method, path] = route.split(' ') as [string, string];
        const { requestBody } = paths[path]?.[method.toLowerCase()] ?? {};
        const row = rowOf(stage);
        const bodies = [row.success, ...row.refused].map(({ body }) => body ?? {});
        for (const [name] of Object.entries(
          requestBody?.content['application/json']?.schema.properties ?? {},
        ).filter(isFreeText)) {
          fields += 1;
          expect([route, name, bodies.some((body) => JSON.stringify(body[name])?.includes(said))]).toEqual([
            route,
            name,
            true,
          ]);
        }
      }
      expect(fields).toBeGreaterThanOrEqual(12);
    });

    it('is in no event and no call, however it is written; what is documented is, and would be found', async () => {
      const rows = await world.superuser<{ body: Buffer }[]>`select body from config.outbox`;
      const sent = Buffer.concat(rows.map(({ body }) => body));
      const writings = (text: string): Buffer[] => {
        const sha256 = createHash('sha256').update(text).digest();
        return [
          Buffer.from(text),
          ...[0, 1, 2].map((shift) =>
            Buffer.from(
              Buffer.from(' '.repeat(shift) + text)
                .toString('base64')
                .slice(shift === 0 ? 0 : 4, -4),
            ),
          ),
          Buffer.from(Buffer.from(text).toString('hex')),
          sha256,
          Buffer.from(sha256.toString('hex')),
          Buffer.from(sha256.toString('base64').slice(0, -1)),
          Buffer.from(sha256.toString('base64url')),
        ];
      };
      expect(rows.length).toBeGreaterThan(100);
      for (const needle of writings(said)) expect(sent.includes(needle)).toBe(false);
      expect(writings('documented.key').some((needle) => sent.includes(needle))).toBe(true);
      const planted = Buffer.concat([sent, Buffer.from(Buffer.from(`x${said}yz`).toString('base64'))]);
      expect(writings(said).some((needle) => planted.includes(needle))).toBe(true);
      expect(world.logLines.join('')).not.toContain(said);
    });
  });
});
