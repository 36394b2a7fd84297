/** What a piece of a process's memory is used for. `anonymous` holds malloc'ed blocks, V8's heap, thread stacks. */
export type MappingKind = 'heap' | 'stack' | 'anonymous' | 'file';

/** A readable range [start, end) of a process's addresses. */
export interface Mapping {
  readonly start: number;
  readonly end: number;
  readonly kind: MappingKind;
}

const line = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ \S+ *(.*)$/;
/** The kernel's own pages: no program writes there, and some cannot be read. */
const ofTheKernel = /^\[(?:vvar|vvar_vclock|vdso|vsyscall)\]$/;

const kindOf = (name: string): MappingKind => {
  if (name === '[heap]') return 'heap';
  if (name.startsWith('[stack')) return 'stack';
  return name.startsWith('/') ? 'file' : 'anonymous';
};

/**
 * The ranges in the text of /proc/<pid>/maps that can be read and may hold what the process was told: all but a file
 * that is mapped without the right to write, which holds what the disk holds.
 */
export const contentMappings = (maps: string): Mapping[] =>
  maps.split('\n').flatMap((text) => {
    const [, start, end, permissions, name = ''] = line.exec(text) ?? [];
    if (start === undefined || end === undefined || permissions?.[0] !== 'r') return [];
    const kind = kindOf(name);
    if (ofTheKernel.test(name) || (kind === 'file' && permissions[1] !== 'w')) return [];
    return [{ start: Number.parseInt(start, 16), end: Number.parseInt(end, 16), kind }];
  });
