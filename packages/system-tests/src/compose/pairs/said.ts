/** What was expected and what was told, line by line, so that a difference names itself. */
export interface Said {
  readonly expected: readonly string[];
  readonly told: readonly string[];
}
