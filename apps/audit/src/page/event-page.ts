import { auditActorNames, auditTargetNames } from '@lethe/contracts';
import { auditEventSchemaVersion, typeNames } from '../append/event-schema.js';
import { EVENT_BYTES_MAX } from '../append/read-event.js';
import { code, table } from './table.js';
import { ecsTable, namedSettings, settingsTable, typeTables } from './type-tables.js';

const intro = `# Audit events

Written by \`npm run generate -w @lethe/audit\` from \`packages/contracts/src/audit/event-types.ts\`; a test holds the two equal. There are
${typeNames.length} types of event. What is not on this page is in no event: the schema is closed for each type, and audit refuses at its
intake what does not match it.

The same as JSON Schema (draft 2020-12): \`GET /v1/audit/schema\`, \`$id\` \`urn:lethe:audit-event:${auditEventSchemaVersion}\`. The minor number grows when
something is added; events of an older minor version stay valid. What would make an older event invalid gets a new type,
\`….v2\`. A reader should pass over types it does not know.`;

const envelope = `## The form of an event

One event is one line of canonical JSON (RFC 8785), at most ${EVENT_BYTES_MAX} bytes: CloudEvents 1.0 in structured mode around OCSF 1.9.
These bytes are the leaf of the log; they are stored, published and exported verbatim.

${table(
  ['Field', 'Holds'],
  [
    ['`id`, `data.metadata.uid`', 'UUIDv7 of the event, unique: a repetition on the topic has the same'],
    ['`type`', '`ai.lethe.audit.<type>.v1`'],
    ['`source`', '`//lethe/<service>`, the service that wrote it'],
    ['`subject`', '`<kind>/<id>` of what was acted on; again in `data.entity`'],
    [
      '`partitionkey`',
      'organization the event belongs to; absent for events of the deployment. Key of the topic',
    ],
    [
      '`time`, `data.time`',
      'when it happened, UTC with milliseconds, and the same in milliseconds since 1970',
    ],
    ['`data.class_uid`, `activity_id`, `type_uid`, `category_uid`', 'numbers of OCSF, see the tables'],
    ['`data.activity_name`', 'the type, where the activity is 99 (other)'],
    ['`data.severity_id`', '1 informational, 2 low (every refusal at least), 3 medium, 4 high, 5 critical'],
    ['`data.status_id`', '1 success, 2 refused'],
    [
      '`data.actor.user`',
      '`type`: admin, member, auditor, operator, service. `uid`: a UUID or a name, see below',
    ],
    [
      '`data.entity`',
      'what was acted on; in every class, though OCSF has it in 3004 only, so that it is in one place',
    ],
    [
      '`data.user`, `group`, `app`, `api`, `src_endpoint`',
      'what OCSF requires of classes 3007, 3006, 6002, 6003',
    ],
    ['`data.api.operation`', 'the type; of `change.refused` the type that a success would have left'],
    [
      '`data.metadata.correlation_uid`',
      'the id of the management call, which its answer had in `x-lethe-request-id`',
    ],
    ['`data.unmapped.before`, `after`', 'settings as they were and as they are (or were wished)'],
    ['`data.unmapped.refusal`', 'why it was refused: an error code, or what the tripwire saw'],
    ['`data.unmapped.actor_email_digest`, `source_ip_digest`', 'who and from where, see "Persons"'],
    ['`data.unmapped.nonce`', '128 random bits: nobody can guess an event from its hash in a public tile'],
  ],
)}

An actor without an id of its own is one of ${auditActorNames.map(code).join(', ')}; a target, one of ${auditTargetNames.map(code).join(', ')}.`;

const settings = (): string => `## Settings

Each may be absent. A setting that is not in the row of its type is refused, and so is another kind of value.

${settingsTable()}

${table(
  ['Kind', 'Is'],
  [
    ['boolean', 'true or false'],
    ['count', 'a whole number from 0 to 2^53 - 1'],
    ['digits', 'a whole number as decimal text of at most 20 digits, without leading zeroes'],
    ['id', 'a UUID in lower case'],
    ['time', 'UTC with milliseconds, `2026-11-21T19:00:00.123Z`'],
    ['sha256', '64 hexadecimal digits'],
    ['bounded name', '1 to 64 characters of `A-Z a-z 0-9 . _ : -`'],
  ],
)}

### Names that callers chose

Of everything a caller of the management API can write, ${namedSettings().length} settings get into an event, all bounded names:
${namedSettings()
  .map((name) => code(name))
  .join(', ')}. An organization's slug and a telemetry field's key
are identifiers that the organization publishes to its own programs; do not put a person's name there. Beside them, the
operator's name for a router (\`router-1\`) may be a target. Names of organizations, keys and groups, labels, listed values, e-mail
addresses, headers and query strings never get in: of a name, an event says that it changed.`;

const persons = `## Persons

An event names a person by the UUID of their user. Their e-mail address and the network address that the call came from
(that of the socket) are in it only as SHA-256(salt ‖ value), 43 characters of base64url, under \`data.unmapped.actor_email_digest\` and
\`source_ip_digest\`. Each person has a salt of their own, 32 random bytes in a table of admin-config that is no part of the log.
Whoever has the salt can show that an address is the one; without it nobody can try addresses out.

Erasure deletes the salt (\`DELETE /v1/manage/org/member/{user_id}/audit-salt\`, event \`member.erased\`). The log keeps every byte,
its hashes hold, and the digests in it can be connected with nobody any more. A person who acts again gets a new salt.`;

const refusals = `## What is not written

* An attempt that a role or a policy forbids is an event: of a change \`change.refused\`, of an opening or an export the type itself
  with \`status_id\` 2. An attempt with a token that nobody has, or with none, is not: anybody could fill the log without bound.
* A call that is refused for its form (a body that is no JSON, a name that is taken) changed nothing and asked for
  nothing that is forbidden; it leaves no event.
* Reading settings or events leaves none; exporting them does.`;

const ecs = (): string => `## Elastic Common Schema

${table(
  ['ECS', 'From'],
  [
    ['`@timestamp`', '`time`'],
    ['`event.id`', '`id`'],
    ['`event.kind`', '`alert` from severity 4 on, else `event`'],
    [
      '`event.category`, `event.type`',
      'the table below; `event.type` is `denied` when `data.status_id` is 2',
    ],
    ['`event.action`', 'the type without `ai.lethe.audit.` and `.v1`'],
    ['`event.outcome`', '`success`, or `failure` when `data.status_id` is 2'],
    ['`event.severity`', '`data.severity_id`'],
    ['`organization.id`', '`partitionkey`'],
    ['`user.id`, `user.roles`', '`data.actor.user.uid`, `data.actor.user.type`'],
    ['`user.hash`', '`data.unmapped.actor_email_digest`'],
    ['`trace.id`', '`data.metadata.correlation_uid`'],
    ['`source.ip`', 'stays empty: the address is in the log as a digest only'],
  ],
)}

${ecsTable()}`;

const files = `## The log as files

\`GET /checkpoint\` and the hash tiles \`/tile/<level>/<index>[.p/<width>]\` need no token: they tell how many events there are and nothing of
what is in them. Entry bundles \`/tile/entries/…\` hold the events of all organizations and need the operator's token. A checkpoint may
be cached for a second, tiles for ever. There is no CORS header: verifiers are no browsers, and a web page that someone visits shall not
learn through their browser what runs in their network.

\`GET /v1/audit/export\` gives JSON lines: first \`{"checkpoint","origin","size"}\`, then \`{"index","event","path"}\` for each event, oldest
first, the event verbatim and its inclusion path against that checkpoint, last \`{"events"}\` with their number. An export without its last
line was cut off. The export is an event itself, in the log before the first byte leaves; it comes after the checkpoint and so is not in
the export.`;

/** docs/audit-events.md, from the list of types. */
export const eventPage = (): string =>
  `${[intro, envelope, `## Types\n\n${typeTables()}`, settings(), persons, refusals, ecs(), files].join('\n\n')}\n`;
