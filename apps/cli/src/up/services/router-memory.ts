/**
 * What a router is started with so that glibc overwrites what is freed: a second layer, for what no code of ours can
 * reach (zlib's window, OpenSSL's and Node's own copies). Blocks up to a KB stay as they are in glibc's cache: without that
 * cache small requests cost a sixth more, large ones a third. Other C libraries do not know this name.
 */
export const routerMemory = {
  GLIBC_TUNABLES: 'glibc.malloc.perturb=90',
} as const;

/**
 * How far V8 lets its space for new objects grow, in MB: a router keeps little, so more of it is only more memory. Half
 * of V8's own bound saves 20 MB and costs, at most, some hundredths of a small request.
 */
export const routerHeapFlags = ['--max-semi-space-size=8'] as const;
