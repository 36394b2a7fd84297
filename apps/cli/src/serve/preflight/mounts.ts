/** One mounted file system, as a process sees it. */
export interface Mount {
  readonly point: string;
  readonly type: string;
  readonly writable: boolean;
}

/** Spaces and their like stand in mountinfo as octal numbers. */
const unescaped = (text: string): string =>
  text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

const mountOf = (line: string): Mount | undefined => {
  const [before = '', after] = line.split(' - ');
  const [, , , , point, options = ''] = before.split(' ');
  const [type = '', , ofSystem = ''] = after?.split(' ') ?? [];
  if (point === undefined || after === undefined) return undefined;
  const readOnly = [options, ofSystem].some((list) => list.split(',').includes('ro'));
  return { point: unescaped(point), type, writable: !readOnly };
};

/** Reads /proc/<pid>/mountinfo. What was mounted over something stands for it. */
export const readMounts = (text: string): readonly Mount[] => {
  const byPoint = new Map<string, Mount>();
  for (const line of text.split('\n')) {
    const mount = mountOf(line);
    if (mount !== undefined) byPoint.set(mount.point, mount);
  }
  return [...byPoint.values()];
};

const within = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);

/** The file system that a path lies on. */
export const mountOfPath = (mounts: readonly Mount[], path: string): Mount | undefined =>
  mounts
    .filter(({ point }) => within(path, point))
    .sort((one, other) => other.point.length - one.point.length)[0];

/** Kept in memory, or no place for files at all. */
const memoryTypes = new Set(['tmpfs', 'ramfs', 'devtmpfs']);
const kernelTypes = new Set([
  'proc',
  'sysfs',
  'devpts',
  'mqueue',
  'cgroup',
  'cgroup2',
  'securityfs',
  'debugfs',
  'tracefs',
  'bpf',
  'pstore',
  'fusectl',
  'configfs',
  'hugetlbfs',
  'binfmt_misc',
  'nsfs',
]);

export const isInMemory = ({ type }: Mount): boolean => memoryTypes.has(type);
/** Whether what is written there may get to a disk. */
export const reachesDisk = (mount: Mount): boolean =>
  mount.writable && !isInMemory(mount) && !kernelTypes.has(mount.type);
