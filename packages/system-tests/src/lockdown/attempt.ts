import type { RoleName } from './databases.js';

/** One way to break out, with what it must come to. */
export interface Attempt {
  readonly role: RoleName;
  readonly way: string;
  /** The SQLSTATE of the refusal, of the last statement; 'nothing': no row is read or touched. */
  readonly refused: string;
  /** Run one after another on one connection. */
  readonly statements: readonly string[];
  /**
   * What the same statements come to for a superuser while triggers, checks and the gate are switched off: by default
   * 'done', so that a refusal is never that of a statement which could not have worked anyway.
   */
  readonly unprotected: string;
}

/** A line of a table of attempts: how, what it comes to, and the statement or statements. */
export type Way = readonly [
  way: string,
  refused: string,
  statements: string | readonly string[],
  unprotected?: string,
];

export const attemptsOf = (role: RoleName, ways: readonly Way[]): Attempt[] =>
  ways.map(([way, refused, statements, unprotected = 'done']) => ({
    role,
    way,
    refused,
    statements: typeof statements === 'string' ? [statements] : statements,
    unprotected,
  }));
