import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { examineHost } from './host.js';

let root: string;
const write = (name: string, text: string): void => {
  mkdirSync(dirname(join(root, name)), { recursive: true });
  writeFileSync(join(root, name), text);
};
const link = (name: string, target: string): void => {
  mkdirSync(dirname(join(root, name)), { recursive: true });
  symlinkSync(join(root, target), join(root, name));
};

/** A disk with two partitions; on one LVM on dm-crypt, on the other nothing that encrypts. */
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'lethe-doctor-'));
  write('proc/swaps', 'Filename Type Size Used Priority\n');
  write('sys/devices/sda/sda1/partition', '1');
  write('sys/devices/sda/sda2/partition', '2');
  write('sys/devices/dm-0/dm/uuid', 'CRYPT-LUKS2-0123\n');
  link('sys/devices/dm-0/slaves/sda2', 'sys/devices/sda/sda2');
  write('sys/devices/dm-1/dm/uuid', 'LVM-abc\n');
  link('sys/devices/dm-1/slaves/dm-0', 'sys/devices/dm-0');
  link('sys/dev/block/8:1', 'sys/devices/sda/sda1');
  link('sys/dev/block/253:1', 'sys/devices/dm-1');
  write(
    'proc/self/mountinfo',
    [
      '1 0 0:30 / / rw - overlay overlay rw',
      '2 1 8:1 / /tmp rw - ext4 /dev/sda1 rw',
      `3 1 253:1 / ${root} rw - ext4 /dev/mapper/data rw`,
      '4 1 0:40 / /proc rw - proc proc rw',
    ].join('\n'),
  );
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const items = (volumes: readonly string[]): string[] =>
  examineHost({ volumes, root })
    .findings.map(({ item }) => item)
    .filter((item) => item !== 'disk_full');

describe('the doctor of this machine', () => {
  it('finds nothing wrong with an encrypted volume and no swap', () => {
    expect(items([root])).toEqual([]);
  });

  it('names a volume whose disk is not encrypted', () => {
    expect(items(['/tmp'])).toEqual(['volume_open']);
  });

  it('says what it cannot see, and that some things nobody can', () => {
    const { findings, unseen } = examineHost({ volumes: ['/proc'], root });
    expect(findings).toEqual([]);
    expect(unseen).toEqual([
      expect.stringContaining('Whether /proc is encrypted'),
      expect.stringContaining('nothing above can see that'),
    ]);
    expect(examineHost({ volumes: [], root }).unseen[0]).toContain('--volume');
  });

  it('names swap', () => {
    write('proc/swaps', 'Filename Type Size Used Priority\n/dev/sda3 partition 1 0 -2\n');
    expect(items([])).toEqual(['swap']);
  });
});
