import type { z } from 'zod';

/** Configuration that cannot be read stops the process: every problem at once, each by name, never a value. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`configuration is not valid:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

/** Reads a source (the environment, or what the launcher handed over) with a schema. Throws ConfigError. */
export const readConfig = <S extends z.ZodType>(schema: S, source: unknown): z.infer<S> => {
  const parsed = schema.safeParse(source);
  if (parsed.success) return parsed.data;
  throw new ConfigError(
    parsed.error.issues.map((issue) => `${issue.path.map(String).join('.') || '(root)'}: ${issue.code}`),
  );
};
