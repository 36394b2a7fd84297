/** Something that keeps the bench, or a part of it, from running: said as it is, without a trace. */
export class Problem extends Error {
  constructor(readonly said: string) {
    super(said);
    this.name = 'Problem';
  }
}
