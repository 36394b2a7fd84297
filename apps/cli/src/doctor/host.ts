import { readdirSync, realpathSync, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Mount, mountOfPath, readMounts } from '../serve/preflight/mounts.js';
import { readOr, swapFor } from '../up/services/process-facts.js';
import type { Examined, Finding } from './findings.js';

const freeMin = 0.1;
const depthMax = 8;

/** Major and minor number of the device that each mount point is of. */
const devicesOf = (mountinfo: string): ReadonlyMap<string, string> =>
  new Map(
    mountinfo
      .split('\n')
      .map((line) => line.split(' '))
      .filter((fields) => fields.length > 4)
      .map((fields) => [fields[4] ?? '', fields[2] ?? '']),
  );

const folderNames = (path: string): string[] => {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
};

/** Whether a block device is dm-crypt or lies on one, looking down through LVM, RAID and partitions. */
const isEncrypted = (block: string, depth = 0): boolean => {
  const uuid = readOr(join(block, 'dm', 'uuid'), (text) => text) ?? '';
  if (uuid.startsWith('CRYPT-')) return true;
  if (depth > depthMax) return false;
  const below = folderNames(join(block, 'slaves'));
  return below.length > 0 && below.every((name) => isEncrypted(join(block, 'slaves', name), depth + 1));
};

type Encryption = 'encrypted' | 'open' | 'unseen';

const encryptionOf = (root: string, mount: Mount, devices: ReadonlyMap<string, string>): Encryption => {
  const device = devices.get(mount.point);
  if (device === undefined || device.startsWith('0:')) return 'unseen';
  const block = join(root, '/sys/dev/block', device);
  if (folderNames(block).length === 0) return 'unseen';
  return isEncrypted(wholeDisk(realpathSync(block))) ? 'encrypted' : 'open';
};

/** A partition has no device below it of its own: the disk that it is cut from is asked. */
const wholeDisk = (block: string): string =>
  folderNames(block).includes('partition') ? dirname(block) : block;

const unseenVolume = (path: string): string =>
  `Whether ${path} is encrypted: no device of this machine is to be seen below it (a network or cluster file system, or a container's view).`;

/** Encryption below the operating system shows to nobody above it. */
const below =
  'Whether disks encrypt themselves, or a provider encrypts them below this machine: nothing above can see that, nor who holds those keys.';

interface HostOptions {
  readonly volumes: readonly string[];
  /** Where /proc and /sys lie. */
  readonly root?: string;
}

const spaceOf = (path: string): Finding[] => {
  const { bavail, blocks } = statfsSync(path);
  if (blocks === 0 || bavail / blocks >= freeMin) return [];
  return [
    {
      item: 'disk_full',
      where: path,
      words: `has ${Math.floor((bavail / blocks) * 100)} % of its space left`,
    },
  ];
};

/** This machine: swap, and the disks that volumes lie on. */
export const examineHost = ({ volumes, root = '/' }: HostOptions): Examined => {
  const findings: Finding[] = [];
  const unseen: string[] = [];
  const swap = swapFor(root, 'self');
  if (swap === true) findings.push({ item: 'swap', where: 'This machine', words: 'has swap' });
  if (swap === undefined) unseen.push('Whether there is swap: this system does not show it.');
  const mountinfo = readOr(join(root, '/proc/self/mountinfo'), (text) => text) ?? '';
  const [mounts, devices] = [readMounts(mountinfo), devicesOf(mountinfo)];
  for (const path of volumes) {
    const mount = mountOfPath(mounts, path);
    const encryption = mount === undefined ? 'unseen' : encryptionOf(root, mount, devices);
    if (encryption === 'open')
      findings.push({
        item: 'volume_open',
        where: path,
        words: 'lies on a disk that this machine does not encrypt',
      });
    if (encryption === 'unseen') unseen.push(unseenVolume(path));
    try {
      findings.push(...spaceOf(path));
    } catch {
      unseen.push(`How full ${path} is: it is not there, or may not be entered.`);
    }
  }
  if (volumes.length === 0) unseen.push('Which disks the volumes lie on: name their folders with --volume.');
  unseen.push(below);
  return { part: 'host', looked: `swap and ${volumes.length} of its volumes`, findings, unseen };
};
