import type { ServiceName } from '@lethe/contracts';
import { programOf } from '../../repository.js';
import { routerHeapFlags, routerMemory } from './router-memory.js';
import { routerPermissions } from './router-permissions.js';

/** Flags of Node with the program, and what its environment has besides that of all services. */
export const serviceCommand = (
  name: ServiceName,
  routerWorkers: number,
): { readonly argv: readonly string[]; readonly env: Readonly<Record<string, string>> } => {
  const program = programOf(`apps/${name}`);
  if (name !== 'router') return { argv: [program], env: {} };
  return { argv: [...routerPermissions(routerWorkers), ...routerHeapFlags, program], env: routerMemory };
};
