import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import {
  asSuperuser,
  type Canary,
  canary,
  encodedForms,
  type Finding,
  type SuperuserLogin,
} from '@lethe/leak-prover';

const DATABASES = ['accounting', 'audit', 'config', 'event_log'] as const;
const FOLDER = 'leak-control';

/** One canary written straight into one sink in one encoding, which the search must find there. */
interface Control {
  readonly planted: Canary;
  readonly sink: string;
}

/** Writes every encoding into every kind of sink that can be searched while Lethe runs. */
export const plantControls = async (home: string, login: SuperuserLogin): Promise<Control[]> => {
  const controls = [...plantFiles(home)];
  for (const database of DATABASES) controls.push(...(await plantTable(login, database)));
  controls.push(...(await plantRecord(login)));
  return controls;
};

const formNames = (): string[] => encodedForms(canary('names')).map(({ encoding }) => encoding);

const formOf = (planted: Canary, encoding: string): Buffer =>
  encodedForms(planted).find((form) => form.encoding === encoding)?.bytes ?? Buffer.alloc(0);

const plantFiles = (home: string): Control[] => {
  mkdirSync(join(home, FOLDER), { recursive: true });
  return formNames().flatMap((encoding, index) =>
    ['log', 'log.gz'].map((suffix) => {
      const sink = join(FOLDER, `${index}.${suffix}`);
      const planted = canary(`control/${sink}/${encoding}`);
      const text = Buffer.concat([
        Buffer.from('{"level":"info","note":"'),
        formOf(planted, encoding),
        Buffer.from('"}\n'),
      ]);
      writeFileSync(join(home, sink), suffix === 'log' ? text : gzipSync(text));
      return { planted, sink };
    }),
  );
};

const plantTable = (login: SuperuserLogin, database: string): Promise<Control[]> =>
  asSuperuser(login, database, async (sql) => {
    await sql`create schema leak_control`;
    await sql`create table leak_control.form (bytes bytea)`;
    const sink = `${database}.leak_control.form`;
    const controls: Control[] = [];
    for (const encoding of formNames()) {
      const planted = canary(`control/${sink}/${encoding}`);
      await sql`insert into leak_control.form values (${formOf(planted, encoding)})`;
      controls.push({ planted, sink });
    }
    return controls;
  });

/** Records that accounting cannot read: they stay in the topic, and nowhere else. */
const plantRecord = (login: SuperuserLogin): Promise<Control[]> =>
  asSuperuser(login, 'event_log', async (sql) => {
    const sink = 'event_log.event_log.record';
    const controls: Control[] = [];
    for (const topic of ['lethe.insight.telemetry.v1', 'lethe.insight.payload.v1']) {
      const planted = canary(`control/${topic}`);
      const value = `{\\x${Buffer.from(planted.text).toString('hex')}}`;
      await sql`select event_log.append_insight(${topic}, array[null]::bytea[], ${value}::bytea[], array[null]::bytea[])`;
      controls.push({ planted, sink });
    }
    return controls;
  });

/** The controls that a search missed, by place. Empty is what makes a search that finds nothing else believable. */
export const missedControls = (controls: readonly Control[], findings: readonly Finding[]): string[] => {
  const found = new Set(findings.map(({ sink, place }) => `${sink}\0${place}`));
  return controls
    .filter(({ planted, sink }) => !found.has(`${sink}\0${planted.place}`))
    .map(({ planted }) => planted.place);
};

export const isControl = (place: string): boolean => place.startsWith('control/');

/** Where a control of a topic may show besides its own sink: in the files of the database that holds the topic. */
export const strayControls = (findings: readonly Finding[]): Finding[] =>
  findings.filter(
    ({ place, sink }) =>
      place.startsWith('control/lethe.') &&
      sink !== 'event_log.event_log.record' &&
      !sink.startsWith('postgres/'),
  );
