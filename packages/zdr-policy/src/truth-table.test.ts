import { describe, expect, it } from '@jest/globals';
import table from '../truth-table.json' with { type: 'json' };
import {
  decideLoggingChange,
  decideRetention,
  decideZdrEnable,
  isGrantFor,
  type LoggingChange,
  newKeyLogging,
  type RetentionInput,
  type ZdrEnable,
} from './index.js';

type Cell = string | boolean | null;
type Row = Readonly<Record<string, Cell>>;
interface Section {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

const BOTH = [false, true] as const;
const RETENTION_INPUTS = {
  orgPolicy: ['known', 'unknown', 'stale'],
  zdr: BOTH,
  keyLogging: BOTH,
  sealingKey: BOTH,
  wish: ['none', 'telemetry_only'],
};
const ACTORS = ['admin', 'group_admin', 'member', 'auditor'];
const INPUTS = {
  retention: RETENTION_INPUTS,
  layers: RETENTION_INPUTS,
  loggingChange: {
    actor: ACTORS,
    ownsKey: BOTH,
    allowLoggingChange: BOTH,
    zdr: BOTH,
    field: ['logging', 'debug'],
    from: BOTH,
    to: BOTH,
  },
  keyCreation: { zdr: BOTH, defaultLogging: BOTH },
  zdrEnable: { actor: ACTORS, confirmation: ['equal', 'different', 'empty'] },
  ingestion: {
    orgGate: ['open', 'sealed', 'missing'],
    keyCopy: ['logging', 'quiet', 'unknown'],
    transitKey: ['present', 'absent'],
    telemetrySays: ['payload', 'telemetry_only', 'missing'],
  },
} as const;

/** Every combination of the listed values, one record each. */
function combinations(inputs: Readonly<Record<string, readonly Cell[]>>): Row[] {
  return Object.entries(inputs).reduce<Row[]>(
    (rows, [name, values]) => rows.flatMap((row) => values.map((value) => ({ ...row, [name]: value }))),
    [{}],
  );
}

function records(section: Section): Row[] {
  return section.rows.map((row) =>
    Object.fromEntries(section.columns.map((name, i) => [name, row[i] ?? null])),
  );
}

function matching(section: Section, given: Row): Row[] {
  return records(section).filter((row) =>
    Object.entries(given).every(([name, value]) => row[name] === value),
  );
}

/** The rows of a section by the inputs they are for, to look each combination up once. */
function byInputs(section: Section, names: readonly string[]): Map<string, Row[]> {
  const rows = new Map<string, Row[]>();
  for (const row of records(section)) {
    const key = JSON.stringify(names.map((name) => row[name]));
    rows.set(key, [...(rows.get(key) ?? []), row]);
  }
  return rows;
}

function only(section: Section, given: Row): Row {
  const rows = matching(section, given);
  expect(rows).toHaveLength(1);
  return rows[0] ?? {};
}

describe('the truth table is complete and has no second opinion', () => {
  for (const name of Object.keys(INPUTS) as (keyof typeof INPUTS)[]) {
    it(`${name}: every combination stands in exactly one row`, () => {
      const section: Section = table[name];
      const all = combinations(INPUTS[name]);
      const rows = byInputs(section, Object.keys(INPUTS[name]));
      const wrong = all.filter((given) => rows.get(JSON.stringify(Object.values(given)))?.length !== 1);
      expect(wrong).toEqual([]);
      expect(section.rows).toHaveLength(all.length);
      for (const row of section.rows) expect(row).toHaveLength(section.columns.length);
    });
  }

  it('finds a missing and a doubled row', () => {
    const section: Section = table.keyCreation;
    const names = ['zdr', 'defaultLogging'];
    const key = JSON.stringify([false, false]);
    expect(byInputs(section, names).get(key)).toHaveLength(1);
    expect(byInputs({ ...section, rows: section.rows.slice(1) }, names).get(key)).toBeUndefined();
    const doubled = { ...section, rows: [...section.rows, ...section.rows] };
    expect(byInputs(doubled, names).get(key)).toHaveLength(2);
  });
});

describe('the policy decides what the table says', () => {
  it('retention', () => {
    for (const row of records(table.retention)) {
      const { decision, reason, ...given } = row;
      const decided = decideRetention('request-1', given as unknown as RetentionInput);
      expect({ given, kind: decided.kind }).toEqual({ given, kind: decision });
      if (decided.kind === 'telemetry_only')
        expect({ given, reason: decided.reason }).toEqual({ given, reason });
      else expect([isGrantFor(decided.grant, 'request-1'), reason]).toEqual([true, null]);
    }
  });

  it('changes of a key', () => {
    for (const row of records(table.loggingChange)) {
      const { expected, ...given } = row;
      expect({ given, decided: decideLoggingChange(given as unknown as LoggingChange) }).toEqual({
        given,
        decided: expected,
      });
    }
  });

  it('new keys', () => {
    for (const { zdr, defaultLogging, logging } of records(table.keyCreation)) {
      expect(newKeyLogging({ zdr: zdr === true, defaultLogging: defaultLogging === true })).toBe(logging);
    }
  });

  it('enabling ZDR', () => {
    const typed: Readonly<Record<string, string>> = { equal: 'acme', different: 'Acme', empty: '' };
    for (const { actor, confirmation, expected } of records(table.zdrEnable)) {
      const wish = { actor, confirmation: typed[String(confirmation)], slug: 'acme' } as ZdrEnable;
      expect({ wish, decided: decideZdrEnable(wish) }).toEqual({ wish, decided: expected });
    }
  });
});

describe('what the table asks of the layers', () => {
  const rows = records(table.layers);

  for (const layer of ['payloadGate', 'rawRequestGate', 'ingestion'] as const) {
    it(`${layer} is never asked for more than it can see`, () => {
      const { sees, answers } = table.evidence[layer];
      for (const row of rows) {
        const seen = Object.fromEntries(sees.map((name) => [name, row[name] ?? null]));
        const alike = new Set(matching(table.layers, seen).map((other) => other[layer]));
        expect(alike.size).toBe(1);
        expect(answers).toContain(row[layer]);
      }
    });

    it(`${layer} refuses by itself under ZDR and when the key does not log`, () => {
      for (const row of rows.filter(({ zdr, keyLogging }) => zdr === true || keyLogging === false)) {
        expect(['telemetry_only', 'org_sealed', 'key_not_logging']).toContain(row[layer]);
      }
    });
  }

  it('the payload gate says payload exactly where the policy grants it, and then no layer objects', () => {
    for (const row of rows) {
      const given = Object.fromEntries(
        Object.keys(RETENTION_INPUTS).map((name) => [name, row[name] ?? null]),
      );
      const granted = only(table.retention, given).decision === 'payload_granted';
      expect(row.payloadGate).toBe(granted ? 'payload' : 'telemetry_only');
      if (granted) expect([row.rawRequestGate, row.ingestion]).toEqual(['raw_request', 'accepted']);
    }
    expect(rows.filter((row) => row.payloadGate === 'payload')).toHaveLength(1);
  });

  it('ingestion answers alike in both of its sections', () => {
    for (const row of rows) {
      const own = {
        orgGate: row.zdr ? 'sealed' : 'open',
        keyCopy: row.keyLogging ? 'logging' : 'quiet',
        transitKey: 'present',
        telemetrySays: 'payload',
      };
      expect(only(table.ingestion, own).code).toBe(row.ingestion);
    }
  });

  it('only what was accepted and what telemetry vouches for becomes readable', () => {
    const readable = records(table.ingestion).filter((row) => row.readable === true);
    expect(readable).toEqual([
      {
        orgGate: 'open',
        keyCopy: 'logging',
        transitKey: 'present',
        telemetrySays: 'payload',
        code: 'accepted',
        readable: true,
      },
    ]);
  });

  it('nothing is ever switched on under ZDR, by nobody', () => {
    const on = records(table.loggingChange).filter((row) => row.zdr === true && row.to === true);
    expect(on).toHaveLength(64);
    for (const row of on) expect(['zdr_irrevocable', 'not_permitted']).toContain(row.expected);
  });
});
