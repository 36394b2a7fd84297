/** What jest's JSON result says of one file, as far as it is looked at. */
export interface TestFile {
  readonly name: string;
  readonly status: string;
  readonly assertionResults: readonly {
    readonly status: string;
    readonly failureMessages: readonly string[] | null;
  }[];
}

/** The reason when every failure of the file came from the machine and none from what a test saw; else undefined. */
export function reasonNotCarriedOut(file: TestFile): string | undefined;
