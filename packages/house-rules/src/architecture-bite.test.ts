import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { repositoryFiles, root } from './source-files.js';

/** Each row breaks one rule in one file of a scratch copy. */
const violations: readonly (readonly [rule: string, path: string, text: string])[] = [
  ['nothing-unresolvable', 'apps/router/src/bite-1.ts', "import '@lethe/no-such-package';"],
  ['no-cycles', 'apps/router/src/bite-2.ts', "import './bite-3.js'; export const a = 1;"],
  ['apps-never-import-apps', 'apps/audit/src/bite-4.ts', "import '../../router/src/house.js';"],
  [
    'packages-never-import-apps',
    'packages/service-kit/src/bite-5.ts',
    "import '../../../apps/router/src/house.js';",
  ],
  [
    'packages-only-through-their-door',
    'apps/audit/src/bite-6.ts',
    "import '../../../packages/service-kit/src/safe/log.js';",
  ],
  ['zdr-policy-is-pure', 'packages/zdr-policy/src/bite-7.ts', "import 'node:os';"],
  [
    'zdr-policy-is-pure',
    'packages/zdr-policy/src/bite-8.ts',
    "import type { Telemetry } from '@lethe/contracts'; export type T = Telemetry;",
  ],
  [
    'one-importer-of-attach-payload',
    'apps/router/src/publish/bite-9.ts',
    "export { attachPayload } from '../insight/attach-payload.js';",
  ],
  ['layer-2-does-not-know-layer-1', 'apps/router/src/raw-request/bite-10.ts', "import '@lethe/zdr-policy';"],
  [
    'layer-1-does-not-know-layer-2',
    'apps/router/src/insight/bite-11.ts',
    "import '../raw-request/bite-10.js';",
  ],
  [
    'layer-3-does-not-share-layer-1s-predicate',
    'apps/accounting/src/bite-12.ts',
    "import { decideRetention } from '@lethe/zdr-policy'; decideRetention;",
  ],
  [
    'layer-3-does-not-share-layer-1s-predicate',
    'apps/accounting/src/bite-13.ts',
    "import type { RetentionInput } from '@lethe/zdr-policy'; export type T = RetentionInput;",
  ],
  [
    'layer-3-does-not-share-layer-1s-predicate',
    'apps/accounting/src/bite-14.ts',
    "export type { RetentionInput } from '@lethe/zdr-policy';",
  ],
  [
    'layer-3-does-not-share-layer-1s-predicate',
    'apps/accounting/src/bite-15.ts',
    "export type T = import('@lethe/zdr-policy').RetentionInput;",
  ],
  [
    'layer-3-does-not-share-layer-1s-predicate',
    'apps/accounting/src/bite-16.ts',
    "export const late = () => import('@lethe/zdr-policy');",
  ],
  ['router-never-touches-disk', 'apps/router/src/meter/bite-17.ts', "import 'node:fs';"],
  ['router-never-touches-disk', 'packages/sealed-payload/src/bite-18.ts', "import 'fs/promises';"],
  ['router-has-no-database-driver', 'apps/router/src/bite-19.ts', "import 'kafkajs';"],
  ['kafka-client-only-in-its-adapter', 'apps/accounting/src/bite-20.ts', "import 'kafkajs';"],
  ['router-flows-one-way', 'apps/router/src/providers/bite-21.ts', "import '../http/bite-22.js';"],
  ['router-framework-only-in-http', 'apps/router/src/insight/bite-23.ts', "import 'hono';"],
  [
    'generated-code-behind-contracts',
    'apps/audit/src/bite-24.ts',
    "import '../../../packages/contracts/src/gen/ts/lethe/audit/v1/audit.js';",
  ],
  [
    'verifier-shares-nothing-with-the-writer',
    'packages/transparency-log/src/verify/bite-26.ts',
    "import '../tree/hash.js';",
  ],
  [
    'writer-shares-nothing-with-the-verifier',
    'packages/transparency-log/src/tree/bite-27.ts',
    "import '../verify/verdict.js';",
  ],
  ['tests-are-not-imported', 'packages/contracts/src/bite-25.ts', "import './ids/uuid.test.js';"],
];

describe('the architecture rules bite', () => {
  let scratch = '';
  let output = '';

  beforeAll(() => {
    scratch = mkdtempSync(join(tmpdir(), 'lethe-bite-'));
    for (const path of repositoryFiles().filter((name) => /^(?:apps|packages)\/|^[^/]+$/.test(name))) {
      mkdirSync(dirname(join(scratch, path)), { recursive: true });
      cpSync(join(root, path), join(scratch, path));
    }
    mkdirSync(join(scratch, 'node_modules/@lethe'), { recursive: true });
    for (const name of readdirSync(join(root, 'node_modules'))) {
      if (name !== '@lethe')
        symlinkSync(join(root, 'node_modules', name), join(scratch, 'node_modules', name));
    }
    for (const path of ['apps', 'packages'].flatMap((folder) =>
      readdirSync(join(root, folder)).map((name) => `${folder}/${name}/node_modules`),
    ))
      if (existsSync(join(root, path))) symlinkSync(join(root, path), join(scratch, path));
    for (const name of readdirSync(join(root, 'packages')))
      symlinkSync(join(scratch, 'packages', name), join(scratch, 'node_modules/@lethe', name));
    for (const [, path, text] of [
      ...violations,
      ['', 'apps/router/src/http/bite-22.ts', 'export {};'] as const,
      ['', 'apps/router/src/bite-3.ts', "import './bite-2.js'; export const b = 1;"] as const,
    ]) {
      mkdirSync(dirname(join(scratch, path)), { recursive: true });
      writeFileSync(join(scratch, path), `${text}\n`);
    }
    output = spawnSync(process.execPath, [join(root, 'packages/house-rules/architecture.mjs'), scratch], {
      encoding: 'utf8',
    }).stdout;
  }, 120_000);

  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  it.each(violations)('%s: %s', (rule, path) => {
    expect(
      output
        .split('\n')
        .filter((line) => line.startsWith(`error ${rule}: `) && `${line} `.includes(` ${path} `)),
    ).not.toEqual([]);
  });

  it('is red for nothing but what was broken', () => {
    const broken = new Set(['apps/router/src/bite-3.ts', ...violations.map(([, path]) => path)]);
    const others = output
      .split('\n')
      .filter((line) => line.startsWith('error ') && !broken.has(line.split(' ')[2] as string));
    expect(others).toEqual([]);
  });

  it('would be noticed if a rule had no row here', () => {
    const rules = execFileSync(
      process.execPath,
      ['-p', "require('./.dependency-cruiser.cjs').forbidden.map((r) => r.name).join(' ')"],
      { cwd: root, encoding: 'utf8' },
    );
    expect([...new Set(violations.map(([rule]) => rule))].sort()).toEqual(rules.trim().split(' ').sort());
  });
});
