import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { repositoryRoot } from '../../start-lethe.js';
import { inParallel, printFigures } from '../../support/figures.js';
import { type AuditWorld, startAuditWorld } from '../world/audit-world.js';
import { buildGoVerifier } from '../world/go-verifier.js';
import { startTestWitness, type TestWitness } from '../world/test-witness.js';
import { anchorManipulations } from './anchor-manipulations.js';
import { asAttacker } from './as-attacker.js';
import { type BaseLog, makeBaseLog } from './base-log.js';
import { type Examination, examine } from './examine.js';
import {
  changeOf,
  logManipulations,
  type Manipulation,
  nodeManipulations,
  rowManipulations,
} from './manipulations.js';
import { examineMirror } from './mirror.js';
import { pageLine, type Row, tamperingPage } from './page.js';
import { columnsOf } from './table-columns.js';
import { unprotected } from './unprotected.js';

const AT_ONCE = 3;
const isUpdate = process.env.LETHE_UPDATE === '1';
const isLong = isUpdate || process.env.LETHE_LONG === '1';
const page = join(repositoryRoot, 'docs', 'audit-tampering.md');

const go = await buildGoVerifier();
(go === undefined ? describe.skip : describe)('tampering with the audit log', () => {
  let world: AuditWorld;
  let witness: TestWitness;
  let base: BaseLog;
  let rows: readonly Row[] = [];
  let mirrorRows: readonly Row[] = [];
  let untouched: Examination;
  let ran = 0;

  const examineAfter = async (manipulation: Manipulation | undefined): Promise<Examination> => {
    ran += 1;
    const database = `tampered_${ran}`;
    const anchorsFolder = join(world.folder, database);
    await cp(base.anchorsFolder, anchorsFolder, { recursive: true });
    if (manipulation !== undefined)
      await world.databases.as(database, (sql) =>
        asAttacker(sql, () => manipulation.apply({ sql, anchorsFolder })),
      );
    const { answers, keptFolder } = base;
    const subject = { world, database, anchorsFolder, keptFolder, answers, witnessKey: witness.verifierKey };
    const examination = await examine({ ...subject, go: go as NonNullable<typeof go> });
    await world.databases.drop(database);
    await rm(anchorsFolder, { recursive: true, force: true });
    return examination;
  };

  beforeAll(async () => {
    [world, witness] = await Promise.all([startAuditWorld(), startTestWitness()]);
    base = await makeBaseLog(world, witness);
    const { columns, levels } = await world.databases.as(base.database, async (sql) => ({
      columns: await columnsOf(sql),
      levels: (await sql<{ level: number }[]>`select distinct level from audit.node order by level`).map(
        ({ level }) => level,
      ),
    }));
    const tables = [...new Set(columns.map(({ table }) => table))];
    const manipulations = [
      ...columns.map(changeOf),
      ...(isLong ? nodeManipulations(levels) : []),
      ...(isLong ? rowManipulations(tables) : []),
      ...logManipulations,
      ...anchorManipulations,
    ];
    // Copies are made one after the other: a database cannot be copied while it is being copied.
    for (let n = 1; n <= manipulations.length + 1; n += 1)
      await world.databases.copy(base.database, `tampered_${n}`);
    mirrorRows = await examineMirror({ world, go: go as NonNullable<typeof go>, base, witness });
    untouched = await examineAfter(undefined);
    rows = await inParallel(manipulations, AT_ONCE, async (manipulation) => {
      const { place, what } = manipulation;
      return { place, what, ...(await examineAfter(manipulation)) };
    });
  }, 600_000);
  afterAll(async () => {
    await world?.stop();
    await witness?.close();
    printFigures('audit tampering', {
      manipulations: rows.length,
      'noticed by audit itself': rows.filter(({ noticedBy }) => noticedBy.includes('fork guard')).length,
      'noticed by others alone': rows.filter(
        ({ noticedBy }) => noticedBy.length > 0 && !noticedBy.includes('fork guard'),
      ).length,
      'files of a mirror': mirrorRows.length,
    });
  });

  it('the untouched log passes with everybody', () => {
    expect(untouched).toEqual({ noticedBy: [], sameAnswers: true });
  });

  it('every column of every table was tried', async () => {
    expect(rows.length).toBeGreaterThan(isLong ? 70 : 40);
    expect(ran).toBe(rows.length + 1);
  });

  it('nothing goes unnoticed but what changes no answer or is known to be unprotected', () => {
    const missed = rows.filter(({ noticedBy, sameAnswers }) => noticedBy.length === 0 && !sameAnswers);
    expect(missed.filter(({ place }) => unprotected[place] === undefined)).toEqual([]);
  });

  it('nothing is called unprotected that is noticed', () => {
    for (const place of Object.keys(unprotected)) {
      const tried = rows.filter((row) => row.place === place);
      expect({ place, tried: tried.length > 0 }).toEqual({ place, tried: true });
      expect({ place, noticed: tried.every(({ noticedBy }) => noticedBy.length > 0) }).toEqual({
        place,
        noticed: false,
      });
    }
  });

  it('every file of a mirror is guarded', () => {
    expect(mirrorRows.length).toBeGreaterThan(10);
    expect(mirrorRows.filter(({ noticedBy }) => noticedBy.length < 2)).toEqual([]);
  });

  it('docs/audit-tampering.md says so', async () => {
    const text = tamperingPage(rows, mirrorRows, unprotected);
    if (isUpdate) await writeFile(page, text);
    const said = await readFile(page, 'utf8');
    const tried = [...rows, ...mirrorRows].map((row) => pageLine(row, unprotected));
    expect(tried.filter((line) => !said.includes(line))).toEqual([]);
    if (isLong) expect(said).toBe(text);
  });
});
