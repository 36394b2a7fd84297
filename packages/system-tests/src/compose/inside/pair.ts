/** A client's own certificate with its key, and whom it trusts: PEM. */
export interface Pair {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}
