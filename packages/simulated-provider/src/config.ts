export interface Config {
  readonly port: number;
  readonly host: string;
  readonly seed: string;
  readonly chunkDelayMs: number;
  readonly keepLast: boolean;
  /** The parent holds our stdin; its end means that the parent is gone. */
  readonly launchedByPipe: boolean;
}

const DEFAULT_PORT = 4_010;
const PORT_MAX = 65_535;
const CHUNK_DELAY_MS_MAX = 60_000;

/** Reads the environment. Names every variable that cannot be used, never its value. */
export function readConfig(env: NodeJS.ProcessEnv): { config: Config } | { problems: string[] } {
  const problems: string[] = [];
  const whole = (name: string, most: number, fallback: number): number => {
    const text = env[name] ?? '';
    if (text === '') return fallback;
    if (/^\d{1,6}$/.test(text) && Number(text) <= most) return Number(text);
    problems.push(`${name} must be a whole number from 0 to ${most}`);
    return fallback;
  };
  const flag = (name: string): boolean => {
    const text = env[name] ?? '';
    if (!['', '0', '1'].includes(text)) problems.push(`${name} must be 0 or 1`);
    return text === '1';
  };
  const config = {
    port: whole('PORT', PORT_MAX, DEFAULT_PORT),
    host: env.HOST || '127.0.0.1',
    seed: env.SEED ?? '',
    chunkDelayMs: whole('CHUNK_DELAY_MS', CHUNK_DELAY_MS_MAX, 0),
    keepLast: flag('KEEP_LAST'),
    launchedByPipe: flag('LAUNCHED_BY_PIPE'),
  };
  return problems.length > 0 ? { problems } : { config };
}
