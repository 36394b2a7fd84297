/** One event of a stream. `name` is '' where the stream gives none. */
export interface ServerSentEvent {
  readonly name: string;
  readonly data: string;
}

/** The events of a whole stream, as the standard has them: lines of a field each, ended by an empty one. */
export const eventsOf = (stream: string): ServerSentEvent[] =>
  stream
    .split('\n\n')
    .filter((event) => event.trim() !== '')
    .map((event) => {
      const lines = event.split('\n');
      const textOf = (field: string): string =>
        lines
          .filter((line) => line.startsWith(`${field}:`))
          .map((line) => line.slice(field.length + 1).replace(/^ /, ''))
          .join('\n');
      return { name: textOf('event'), data: textOf('data') };
    });
