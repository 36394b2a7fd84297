import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** One place in the code that writes to the log. */
export interface LogCall {
  readonly place: string;
  readonly level: 'info' | 'warn' | 'error';
  readonly events: readonly string[];
  readonly fields: readonly string[];
  /** What keeps the event's name or its fields from being closed. */
  readonly faults: readonly string[];
}

export interface SourceText {
  readonly path: string;
  readonly text: string;
}

const eventName = /^[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+$/;
const levels = new Set(['info', 'warn', 'error']);

/** The shipped sources of the apps and packages below a folder. */
export const shippedSources = (root: string): SourceText[] =>
  ['apps', 'packages'].flatMap((kind) =>
    readdirSync(join(root, kind)).flatMap((name) => {
      const folder = join(root, kind, name, 'src');
      const files = readdirSync(folder, { recursive: true }).map(String);
      return files
        .filter(
          (file) => /\.ts$/.test(file) && !/\.(?:test|contract)\.ts$|(?:^|\/)(?:testing|gen)\//.test(file),
        )
        .map((file) => ({
          path: join(kind, name, 'src', file),
          text: readFileSync(join(folder, file), 'utf8'),
        }));
    }),
  );

const appOf = (path: string): string => path.split('/').slice(0, 2).join('/');

/** Names of events that stand in a text as literals; with `property` only those that are given as an `event`. */
const literals = (text: string, property: boolean): string[] => {
  const pattern = property
    ? /(?:\bevent: |\bkeepTrying\(\s*)'([a-z0-9_.]+)'/g
    : /(?<!log\.\w+\()'([a-z][a-z0-9_]*\.[a-z0-9_.]+)'/g;
  return [...text.matchAll(pattern)].map((match) => match[1] as string);
};

const eventsOf = (
  argument: ts.Expression | undefined,
  source: SourceText,
  all: readonly SourceText[],
): string[] => {
  if (argument === undefined) return [];
  if (ts.isStringLiteral(argument)) return [argument.text];
  if (ts.isConditionalExpression(argument))
    return [...eventsOf(argument.whenTrue, source, all), ...eventsOf(argument.whenFalse, source, all)];
  // A name that was handed over: each that this file hands over.
  if (ts.isIdentifier(argument)) return literals(source.text, false).filter((name) => eventName.test(name));
  // The name of a loop with an ending of ours: each loop of this app.
  if (ts.isTemplateExpression(argument) && argument.head.text === '' && argument.templateSpans.length === 1) {
    const ending = argument.templateSpans[0]?.literal.text ?? '';
    const bases = all.filter(({ path }) => appOf(path) === appOf(source.path));
    return bases.flatMap(({ text }) => literals(text, true)).map((base) => `${base}${ending}`);
  }
  return [];
};

const fieldsOf = (argument: ts.Expression | undefined): { fields: string[]; faults: string[] } => {
  if (argument === undefined) return { fields: [], faults: [] };
  if (!ts.isObjectLiteralExpression(argument))
    return { fields: [], faults: ['fields are no object literal'] };
  const fields: string[] = [];
  const faults: string[] = [];
  for (const property of argument.properties) {
    const { name } = property;
    if (name !== undefined && ts.isIdentifier(name)) fields.push(name.text);
    else faults.push('a field without a name of its own');
  }
  return { fields, faults };
};

/** Every call of a logger in these sources. */
export const logCalls = (all: readonly SourceText[]): LogCall[] =>
  all.flatMap((source) => {
    if (!/\blog\??\.(?:info|warn|error)\(/.test(source.text)) return [];
    const file = ts.createSourceFile(source.path, source.text, ts.ScriptTarget.Latest, true);
    const found: LogCall[] = [];
    const visit = (node: ts.Node): void => {
      ts.forEachChild(node, visit);
      if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return;
      const level = node.expression.name.text as LogCall['level'];
      if (!levels.has(level) || !/(?:^|[.#])log$/.test(node.expression.expression.getText(file))) return;
      const events = [...new Set(eventsOf(node.arguments[0], source, all))].sort();
      const { fields, faults } = fieldsOf(node.arguments[level === 'error' ? 2 : 1]);
      if (events.length === 0) faults.push('the name of the event is not closed');
      if (!events.every((event) => eventName.test(event)))
        faults.push('the name of the event has another form');
      const line = file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1;
      found.push({ place: `${source.path}:${line}`, level, events, fields, faults });
    };
    visit(file);
    return found;
  });
