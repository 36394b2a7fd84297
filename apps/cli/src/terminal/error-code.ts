/** The system's code of a thrown value (EEXIST, ECONNREFUSED, …), or ''. */
export const errorCode = (thrown: unknown): string =>
  typeof thrown === 'object' && thrown !== null && 'code' in thrown ? String(thrown.code) : '';
