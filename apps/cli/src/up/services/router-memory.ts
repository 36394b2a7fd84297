/**
 * What a router is started with so that glibc overwrites what is freed: a second layer, for what no code of ours can
 * reach (zlib's window, OpenSSL's and Node's own copies). Its cache of small blocks would leave them as they are. Other
 * C libraries do not know these names.
 */
export const routerMemory = {
  GLIBC_TUNABLES: 'glibc.malloc.perturb=90:glibc.malloc.tcache_count=0',
} as const;
