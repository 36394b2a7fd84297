/** The SQLSTATE a statement failed with; undefined when it did not fail. */
export const sqlStateOfFailure = async (statement: Promise<unknown>): Promise<string | undefined> => {
  try {
    await statement;
    return undefined;
  } catch (error) {
    const code: unknown = (error as { code?: unknown }).code;
    return typeof code === 'string' ? code : 'none';
  }
};
