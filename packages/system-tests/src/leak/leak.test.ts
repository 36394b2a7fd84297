import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Canary, type Finding, Searcher, scanBytes } from '@lethe/leak-prover';
import { type Lethe, newHome, startLethe } from '../start-lethe.js';
import { ingestOf, openRequest, organizationOf } from '../support/accounting.js';
import { printFigures } from '../support/figures.js';
import { superuserOf } from '../support/superuser.js';
import { runCampaign } from './campaign.js';
import { chatCases } from './chat-cases.js';
import { missedControls, plantControls, strayControls } from './controls.js';
import { scanFaces } from './faces.js';
import { Manifest } from './manifest.js';
import { searchDatabases, searchFolder } from './scan.js';
import { credentialsOf, describeLeaks, leaks } from './verdict.js';

/** Databases whose tables must all have been read; an unknown one would be a sink that nobody thought of. */
const DATABASES = ['accounting', 'audit', 'config', 'event_log', 'postgres', 'template1'];

/** What is asked again before everything is killed. */
const fewCases = chatCases.filter(({ name }) =>
  ['echo streamed', 'fault 400', 'aborted stream of sim/echo~20', 'malformed JSON'].includes(name),
);

describe('what was said is nowhere, unless the key logs', () => {
  const manifest = new Manifest();
  const figures: Record<string, unknown> = {};
  let home: string;
  let lethe: Lethe;
  let controls: Awaited<ReturnType<typeof plantControls>>;
  let controlled = 0;
  let requests = 0;

  /** All that may be found: what requests carried, what the test wrote itself, and the credentials. */
  const wanted = (): Canary[] => [
    ...manifest.canaries,
    ...controls.map(({ planted }) => planted),
    ...credentialsOf(lethe.run, home),
  ];
  const searcher = (): Searcher => new Searcher(wanted());
  const expectNoLeaks = (findings: readonly Finding[]): void => {
    expect(describeLeaks(leaks(manifest, findings))).toEqual([]);
    expect(describeLeaks(strayControls(findings))).toEqual([]);
  };
  /** Only the controls of these sinks can be seen by this search. */
  const expectControls = (findings: readonly Finding[], seen: (sink: string) => boolean): void => {
    const visible = controls.filter(({ sink }) => seen(sink));
    expect(missedControls(visible, findings)).toEqual([]);
    controlled += visible.length;
  };

  beforeAll(async () => {
    home = await newHome();
    lethe = await startLethe({ home });
    controls = await plantControls(home, superuserOf(home));
    requests = await runCampaign(lethe.run, manifest, '1');
  }, 180_000);
  afterAll(async () => {
    await lethe?.stop();
    await rm(home, { recursive: true, force: true });
    printFigures('leak', { requests, canaries: manifest.canaries.length, controls: controlled, ...figures });
  });

  it('no table of any database has it', async () => {
    const { tables, bytes, findings } = await searchDatabases(wanted(), superuserOf(home));
    expectNoLeaks(findings);
    expectControls(findings, (sink) => tables.includes(sink));
    expect([...new Set(tables.map((name) => name.split('.')[0]))].sort()).toEqual(DATABASES);
    figures.tables = `${tables.length} with ${bytes} bytes`;

    // What telemetry may keep is there, so the search did look where requests leave their traces.
    const kept = findings.filter(({ sink }) => sink.startsWith('accounting.usage.event'));
    const places = new Set(kept.map(({ place }) => place));
    const expected = manifest.placesKept().filter((place) => /^(?:quiet|logging)\/1\/echo\//.test(place));
    expect(expected.length).toBeGreaterThanOrEqual(16);
    expect(expected.filter((place) => !places.has(place))).toEqual([]);
    expect(manifest.placesKept().filter((place) => place.startsWith('zdr/'))).toEqual([]);
  }, 60_000);

  it('no face shows it', async () => {
    const findings = await scanFaces(searcher(), lethe.run);
    expectNoLeaks(findings);
    // An organization sees its own tags, so the search did look at what is shown.
    const shown = new Set(findings.map(({ sink, place }) => `${sink}: ${place}`));
    expect(shown).toContain('requests of open-demo: quiet/1/echo/tag');
    expect(shown).toContain('usage of open-demo: logging/1/echo/user_id');
  }, 60_000);

  it('the launcher does not print it', () => {
    const { page, progress } = lethe.output();
    const withoutKeys = page.replace(/sk-lethe-[\w-]+/g, '');
    expectNoLeaks(scanBytes(searcher(), 'terminal', Buffer.from(withoutKeys + progress)));
  });

  it('the router holds no file that it could write to', () => {
    const folder = `/proc/${lethe.run.processes.router[0]}/fd`;
    const links = existsSync(folder)
      ? readdirSync(folder).map((name) => readlinkSync(`${folder}/${name}`))
      : [];
    const files = links.filter(
      (link) => link.startsWith('/') && link !== '/dev/null' && !link.startsWith('/dev/u'),
    );
    expect(files).toEqual([]);
  });

  it('a key that logs gets its payload back through the API, any other has none', async () => {
    const tokenOf = (caseName: string): string =>
      organizationOf(lethe.run, caseName.startsWith('zdr/') ? 'zdr-demo' : 'open-demo').adminToken;
    let opened = 0;
    for (const { caseName, requestId, canaries } of manifest.payloads) {
      const { payload, telemetry } = await openRequest(lethe.run, tokenOf(caseName), requestId);
      const text = JSON.stringify(payload);
      const missing = canaries.filter((planted) => !text.includes(planted.text)).map(({ place }) => place);
      expect([caseName, missing, payload === null, telemetry.retention_decision]).toEqual([
        caseName,
        [],
        canaries.length === 0,
        canaries.length === 0 ? 'telemetry' : 'payload',
      ]);
      if (payload === null) continue;
      opened += 1;
      // What the models that repeat it said.
      const last = canaries.find(({ place }) => place.endsWith('/last prompt'));
      if (/echo|every field/.test(caseName)) expect(JSON.stringify(payload.choices)).toContain(last?.text);
    }
    expect(opened).toBeGreaterThanOrEqual(7);
    figures['payloads opened'] = opened;
  }, 60_000);

  it('nothing was rejected but the records that the test planted', async () => {
    const { rejects, tripwires } = await ingestOf(lethe.run);
    expect(tripwires).toEqual([]);
    expect(rejects.reduce((sum, { records }) => sum + records, 0)).toBe(2);
  });

  it('no file has it after a stop', async () => {
    await lethe.stop();
    const { files, bytes, findings } = await searchFolder(wanted(), home);
    expectNoLeaks(findings);
    expectControls(findings, (sink) => sink.startsWith('leak-control/'));
    figures['files after a stop'] = `${files} with ${bytes} bytes`;
  }, 120_000);

  it('no file has it after a kill -9 of everything', async () => {
    lethe = await startLethe({ home });
    requests += await runCampaign(lethe.run, manifest, '2', fewCases);
    await lethe.kill();
    const { files, bytes, findings } = await searchFolder(wanted(), home);
    expectNoLeaks(findings);
    figures['files after a kill'] = `${files} with ${bytes} bytes`;
  }, 180_000);
});
