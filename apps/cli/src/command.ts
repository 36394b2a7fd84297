/** One word after `lethe`. */
export interface Command {
  /** What `lethe <command> --help` prints. */
  readonly help: string;
  /** Help for just what the arguments begin with; undefined: the command's own. */
  helpFor?(args: readonly string[]): string | undefined;
  /** Runs with the arguments after the command's name; resolves to the exit code. Rejects with Problem. */
  run(args: readonly string[]): Promise<number>;
}
