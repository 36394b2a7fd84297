import postgres from 'postgres';

export interface PostgresTry {
  readonly host: string;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly ca: string;
}

/** `done` when a statement runs, else the SQLSTATE of the refusal. */
export const tryPostgres = async ({ ca, ...login }: PostgresTry): Promise<string> => {
  const sql = postgres({
    ...login,
    ssl: { ca, servername: login.host },
    max: 1,
    connect_timeout: 10,
    onnotice: () => undefined,
  });
  try {
    await sql`select 1`;
    return 'done';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'UNKNOWN';
  } finally {
    await sql.end({ timeout: 1 });
  }
};
