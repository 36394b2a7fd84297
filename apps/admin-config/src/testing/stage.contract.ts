import { randomBytes } from 'node:crypto';
import { addPerson, makeKey, makeOrg, type Person, type TestOrg, type World } from './world.contract.js';

/** In every field a caller writes, except those whose content is documented to stand in events. */
export const said = 'canary-51b0d2';
export const saidEmail = `${said}@example.org`;

/** An organization of its own for each route, another beside it, and what a route may be about. */
export interface Stage {
  readonly org: TestOrg;
  readonly other: TestOrg;
  /** A key of the admin, by id. */
  readonly keyId: string;
  readonly otherKeyId: string;
  /** A member who has nothing to do with the key and the group. */
  readonly person: Person;
  /** Of the person's token. */
  readonly tokenId: string;
  readonly groupId: string;
  readonly otherGroupId: string;
}

const makeGroup = async (world: World, { admin }: TestOrg): Promise<string> => {
  const name = `${said}-${randomBytes(4).toString('hex')}`;
  const made = await world.call('POST', '/v1/manage/group', { token: admin.token, body: { name } });
  return String(made.body.group_id);
};

/** Sets the stage for one route. */
export const setStage = async (world: World, other: TestOrg): Promise<Stage> => {
  const org = await makeOrg(world);
  const person = await addPerson(world, org.slug, 'member');
  const [token] =
    await world.superuser`select id from config.management_token where user_id = ${person.userId}`;
  return {
    org,
    person,
    tokenId: String(token?.id),
    other,
    keyId: (await makeKey(world, org.admin.token, { name: said })).id,
    otherKeyId: (await makeKey(world, other.admin.token, { name: said })).id,
    groupId: await makeGroup(world, org),
    otherGroupId: await makeGroup(world, other),
  };
};

export type Values = Readonly<Record<string, unknown>>;

/** One call to a route and what its event says. */
export interface RouteCall {
  readonly path: string;
  readonly body?: Values;
  /** The admin when absent; for the operator's routes the operator. */
  readonly by?: Person;
  /** `kind/id`; an id that is made by the call is left out. */
  readonly target: string;
  readonly before?: Values;
  readonly after?: Values;
}

export interface RefusedCall extends RouteCall {
  readonly refusal: string;
  /** The event that a success would have left, when it is not the route's own. */
  readonly attempted?: string;
}

export interface RouteRow {
  /** Calls that leave the stage as it is. */
  readonly refused: readonly RefusedCall[];
  /** Runs before the successful call. */
  readonly first?: (world: World) => Promise<unknown>;
  readonly success: RouteCall;
  /** Types of further events of the success. */
  readonly also?: readonly string[];
}

export type RouteTable = Readonly<Record<string, (stage: Stage) => RouteRow>>;
