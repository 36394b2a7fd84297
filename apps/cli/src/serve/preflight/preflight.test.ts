import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { permissionFlag } from '../../up/services/router-permissions.js';
import { processFacts } from './facts.js';
import {
  buildFindings,
  findingText,
  type PreflightItem,
  preflightItems,
  processFindings,
} from './findings.js';

const pid = 7;
const digest = `sha256:${'0a'.repeat(32)}`;

/** A process of a container as production demands it, as files beneath a folder. */
const sound: Readonly<Record<string, string>> = {
  'proc/swaps': 'Filename Type Size Used Priority\n/dev/sda2 partition 1 0 -2\n',
  'proc/7/cgroup': '0::/\n',
  'sys/fs/cgroup/memory.swap.max': '0\n',
  'proc/7/coredump_filter': '00000000\n',
  'proc/7/limits':
    'Limit Soft Hard Units\nMax core file size        0                    0                    bytes\n',
  'proc/7/mountinfo': [
    '1 0 0:30 / / ro,relatime - overlay overlay rw',
    '2 1 0:31 / /proc rw,nosuid - proc proc rw',
    '3 1 0:32 / /tmp rw,noexec - tmpfs tmpfs rw',
    '4 1 8:1 /keys /var/lib/lethe/transit-keys rw - ext4 /dev/sda1 rw',
    '5 1 8:1 /secrets /run/lethe ro - ext4 /dev/sda1 rw',
  ].join('\n'),
  'proc/7/cmdline': `/usr/local/bin/node\0${permissionFlag}\0--allow-fs-read=/lethe/*\0/lethe/apps/router/dist/main.js\0`,
  'proc/7/environ': 'PATH=/bin\0NODE_ENV=production\0TMPDIR=/tmp\0',
  'proc/7/maps': '1-2 r-xp 0 08:01 1 /usr/local/bin/node\n3-4 r-xp 0 08:01 2 /lib/libc.so.6\n',
  'proc/7/status': [
    'Uid:\t10001\t10001\t10001\t10001',
    ...['CapInh', 'CapPrm', 'CapEff', 'CapAmb'].map((name) => `${name}:\t0000000000000000`),
    'NoNewPrivs:\t1',
  ].join('\n'),
};

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'lethe-preflight-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const expected = { folders: ['/var/lib/lethe/transit-keys'], permissions: true };

const itemsWith = (changes: Readonly<Record<string, string | undefined>>): PreflightItem[] => {
  for (const [name, text] of Object.entries({ ...sound, ...changes })) {
    if (text === undefined) continue;
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return processFindings(processFacts(pid, root), expected).map(({ item }) => item);
};
const edit = (name: string, from: string | RegExp, to: string): Readonly<Record<string, string>> => {
  const text = sound[name] ?? '';
  const changed = text.replace(from, to);
  expect(changed).not.toBe(text);
  return { [name]: changed };
};

describe('the preflight of a process', () => {
  it('finds nothing where everything is closed', () => {
    expect(itemsWith({})).toEqual([]);
  });

  it.each<[PreflightItem, string, () => Readonly<Record<string, string>>]>([
    ['swap', 'its group may swap', () => ({ 'sys/fs/cgroup/memory.swap.max': 'max\n' })],
    ['core_filter', 'the filter lets memory through', () => ({ 'proc/7/coredump_filter': '00000033\n' })],
    ['core_limit', 'a core may be written', () => edit('proc/7/limits', / 0 /, ' unlimited ')],
    ['read_only_root', 'the root is writable', () => edit('proc/7/mountinfo', '/ / ro,', '/ / rw,')],
    [
      'writable_mounts',
      'a disk that it does not need is writable',
      () => edit('proc/7/mountinfo', '/run/lethe ro', '/run/lethe rw'),
    ],
    [
      'writable_mounts',
      'a disk was mounted over what is read-only',
      () => edit('proc/7/mountinfo', /$/, '\n6 1 8:1 / /run/lethe rw - ext4 /dev/sda1 rw'),
    ],
    [
      'flags',
      'it can be inspected',
      () => edit('proc/7/cmdline', permissionFlag, `${permissionFlag}\0--inspect=0`),
    ],
    [
      'flags',
      'it takes heap snapshots',
      () => edit('proc/7/cmdline', permissionFlag, `${permissionFlag}\0--heapsnapshot-signal=SIGUSR2`),
    ],
    ['permissions', 'it may write files', () => edit('proc/7/cmdline', `${permissionFlag}\0`, '')],
    ['environment', 'NODE_OPTIONS', () => edit('proc/7/environ', /^/, 'NODE_OPTIONS=--x\0')],
    ['environment', 'a key log', () => edit('proc/7/environ', /^/, 'SSLKEYLOGFILE=/tmp/x\0')],
    ['environment', 'a preloaded library', () => edit('proc/7/environ', /^/, 'LD_PRELOAD=/x.so\0')],
    [
      'preloaded',
      'an agent',
      () => edit('proc/7/maps', /$/, '5-6 r-xp 0 08:01 3 /opt/datadog/dd_profiler.so\n'),
    ],
    ['user', 'root', () => edit('proc/7/status', '10001\t10001', '0\t0')],
    [
      'capabilities',
      'one may be inherited',
      () => edit('proc/7/status', /CapInh:\t0{16}/, 'CapInh:\t00000000a80425fb'),
    ],
    ['new_privileges', 'it can gain some', () => edit('proc/7/status', 'NoNewPrivs:\t1', 'NoNewPrivs:\t0')],
    [
      'temporary_folder',
      'TMPDIR is on a disk',
      () => edit('proc/7/environ', 'TMPDIR=/tmp', 'TMPDIR=/var/lib/lethe/transit-keys'),
    ],
  ])('finds %s: %s', (item, _, changes) => {
    expect(itemsWith(changes())).toEqual([item]);
  });

  it('takes what it cannot see for open, each by name', () => {
    const nothing = processFindings(processFacts(pid, join(root, 'empty')), expected);
    const unseen = nothing.map(({ item }) => item);
    const always = Object.keys(preflightItems).filter(
      (item) => !['build', 'temporary_folder'].includes(item),
    );
    expect(unseen.sort()).toEqual(always.sort());
    for (const { words } of nothing) expect(words).toMatch(/cannot be seen/);
  });

  it('says what mends each, and shows no value of the environment', () => {
    itemsWith(edit('proc/7/environ', /^/, 'NODE_OPTIONS=CANARY-7f1f\0TMPDIR=/CANARY\0'));
    const texts = processFindings(processFacts(pid, root), expected).map(findingText);
    expect(texts.join('\n')).toContain('environment: the environment has NODE_OPTIONS. Remove it');
    expect(texts.join('\n')).not.toContain('CANARY');
  });
});

describe('the preflight of a build', () => {
  const build = { digest, node: '24.21.0' };
  it('takes the one that was demanded, and no other', () => {
    const words = (...given: Parameters<typeof buildFindings>): string =>
      buildFindings(...given)
        .map((finding) => finding.words)
        .join();
    expect(words(build, '24.21.0', digest)).toBe('');
    expect(words(build, '24.21.0', undefined)).toBe('');
    expect(words(undefined, '24.21.0', undefined)).toContain('no image of deploy/Dockerfile');
    expect(words(build, '24.0.0', digest)).toContain('Node is not the one');
    expect(words(build, '24.21.0', `sha256:${'0b'.repeat(32)}`)).toContain('LETHE_BUILD_DIGEST');
  });
});
