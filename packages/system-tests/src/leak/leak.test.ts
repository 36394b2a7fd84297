import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Canary, Finding } from '@lethe/leak-prover';
import { type Lethe, newHome, startLethe } from '../start-lethe.js';
import { billedRequests, ingestOf, openRequest, organizationOf } from '../support/accounting.js';
import { printFigures } from '../support/figures.js';
import { clearLedger, settledLedger } from '../support/ledger.js';
import { superuserOf } from '../support/superuser.js';
import { askCells, profilesOf, runCampaign } from './campaign.js';
import { missedControls, plantControls, strayControls } from './controls.js';
import { facesOf } from './faces.js';
import { Manifest } from './manifest.js';
import { type Cell, coveringSelection, wholeMatrix } from './matrix.js';
import { searchDatabases, searchFolder, searchShown } from './scan.js';
import { credentialsOf, describeLeaks, leaks } from './verdict.js';

/** Databases whose tables must all have been read; an unknown one would be a sink that nobody thought of. */
const DATABASES = ['accounting', 'audit', 'config', 'event_log', 'object_store', 'postgres', 'template1'];

/** All of the matrix in a long run, otherwise as much of it as lets every two factors meet. */
const chosenCells = (): Cell[] => {
  const all = wholeMatrix();
  return process.env.LETHE_LONG === '1' ? all : coveringSelection(all);
};

/** What is asked again before everything is killed. */
const isAskedAgain = ({ outcome: { name } }: Cell): boolean =>
  ['every-field', 'fault 400', 'left amid the answer', 'malformed JSON'].includes(name);

describe('what was said is nowhere, unless the key logs', () => {
  const manifest = new Manifest();
  const figures: Record<string, unknown> = {};
  let home: string;
  let lethe: Lethe;
  let controls: Awaited<ReturnType<typeof plantControls>>;
  let controlled = 0;
  let cells: Cell[] = [];
  let requests = 0;

  /** All that may be found: what requests carried, what the test wrote itself, and the credentials. */
  const wanted = (): Canary[] => [
    ...manifest.canaries,
    ...controls.map(({ planted }) => planted),
    ...credentialsOf(lethe.run, home),
  ];
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
    cells = chosenCells();
    requests = await runCampaign(lethe.run, manifest, '1', cells);
  }, 300_000);
  afterAll(async () => {
    await lethe?.stop();
    await rm(home, { recursive: true, force: true });
    printFigures('leak', {
      cells: cells.length,
      requests,
      canaries: manifest.canaries.length,
      controls: controlled,
      ...figures,
    });
  });

  it('what is said to be the provider’s reached it, at the endpoint and in the way that is said', async () => {
    const ledger = await settledLedger(lethe.run);
    const keyOf = (endpoint: string, model: string, stream: boolean): string =>
      `${model} at ${endpoint}${stream ? ' streamed' : ''}`;
    const reached = new Map<string, number>();
    for (const { route, model, stream } of ledger) {
      const key = keyOf(route, model, stream);
      reached.set(key, (reached.get(key) ?? 0) + 1);
    }
    const meant = new Map<string, number>();
    for (const { route, outcome, streaming } of cells) {
      const model = outcome.model?.(route);
      if (model === undefined) continue;
      const key = keyOf(route.content.name, model, streaming);
      meant.set(key, (meant.get(key) ?? 0) + 1);
    }
    expect(meant.size).toBeGreaterThan(300);
    expect([...meant].filter(([key, count]) => (reached.get(key) ?? 0) < count)).toEqual([]);
  }, 30_000);

  it('each request is billed once, whatever became of it', async () => {
    for (const profile of ['zdr', 'open'] as const) {
      const { adminToken } = profilesOf(lethe.run)[profile === 'zdr' ? 'zdr' : 'quiet'];
      const rows = await billedRequests(lethe.run, adminToken);
      const mine = cells.filter((cell) => (cell.profile === 'zdr') === (profile === 'zdr'));
      const faults = [...new Set(mine.map(({ outcome, route }) => outcome.model?.(route) ?? ''))].filter(
        // Some of these are asked for by other outcomes as well.
        (model) => model.startsWith('fault-') && !['fault-slow-head', 'fault-drip'].includes(model),
      );
      expect(faults.length).toBeGreaterThan(25);
      const counts = faults.map((model) => [
        model,
        rows.filter(({ model_requested }) => model_requested === `sim/${model}`).length,
      ]);
      expect(counts).toEqual(
        faults.map((model) => [
          model,
          mine.filter(({ outcome, route }) => outcome.model?.(route) === model).length,
        ]),
      );
    }
  }, 60_000);

  it('no provider keeps anything of what an organization with ZDR sends', async () => {
    const keptOf = async (profile: Cell['profile']): Promise<string[]> => {
      await clearLedger(lethe.run);
      const wordy = wholeMatrix().filter(
        (cell) => cell.profile === profile && ['echo', 'embed'].includes(cell.outcome.name),
      );
      await askCells(lethe.run, manifest, `kept by the provider/${profile}`, wordy);
      const ledger = await settledLedger(lethe.run);
      expect(ledger.length).toBe(wordy.length);
      return ledger
        .filter(({ stored, stateFields }) => stored || stateFields.length > 0)
        .map(({ route, stored, stateFields }) => `${route}: ${stored} ${stateFields.join(' ')}`);
    };
    expect(await keptOf('zdr')).toEqual([]);
    // Who has no ZDR says for himself what a provider may keep; Responses are kept unless one says no.
    expect(await keptOf('quiet')).toEqual(
      expect.arrayContaining([expect.stringMatching(/^responses: true/)]),
    );
  }, 60_000);

  it('no table of any database has it', async () => {
    const { tables, bytes, findings } = await searchDatabases(wanted(), superuserOf(home));
    expectNoLeaks(findings);
    expectControls(findings, (sink) => tables.includes(sink));
    expect([...new Set(tables.map((name) => name.split('.')[0]))].sort()).toEqual(DATABASES);
    figures.tables = `${tables.length} with ${bytes} bytes`;

    // What telemetry may keep is there, so the search did look where requests leave their traces.
    const kept = findings.filter(({ sink }) => sink.startsWith('accounting.usage.event'));
    const places = new Set(kept.map(({ place }) => place));
    const expected = manifest
      .placesKept()
      .filter((place) => /^(?:quiet|logging)\/1\/[a-z_]+ (?:echo|embed)\//.test(place));
    expect(expected.length).toBeGreaterThanOrEqual(16);
    expect(expected.filter((place) => !places.has(place))).toEqual([]);
    expect(manifest.placesKept().filter((place) => place.startsWith('zdr/'))).toEqual([]);
  }, 180_000);

  it('no face shows it', async () => {
    const findings = await searchShown(wanted(), await facesOf(lethe.run));
    expectNoLeaks(findings);
    // An organization sees its own tags, so the search did look at what is shown.
    const shown = new Set(findings.map(({ sink, place }) => `${sink}: ${place}`));
    expect(shown).toContain('requests of open-demo: quiet/1/chat echo/tag');
    expect(shown).toContain('usage of open-demo: logging/1/messages echo/user_id');
  }, 120_000);

  it('the launcher does not print it', async () => {
    const { page, progress } = lethe.output();
    const withoutKeys = page.replace(/sk-lethe-[\w-]+/g, '');
    const bytes = Buffer.from(withoutKeys + progress);
    expectNoLeaks(await searchShown(wanted(), [{ sink: 'terminal', bytes }]));
  }, 60_000);

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
    const dialects = new Set<string>();
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
      const repeats = /(?:chat|completions|responses|messages) (?:echo|every-field)/.test(caseName);
      if (repeats) expect(JSON.stringify(payload.choices)).toContain(last?.text);
      else if (/embeddings|count_tokens/.test(caseName)) expect(payload.choices).toEqual([]);
      dialects.add(/\/\d\/(\w+) echo/.exec(caseName)?.[1] ?? '');
    }
    // Of each dialect that has words in its answers, whole and as a stream.
    expect(opened).toBeGreaterThanOrEqual(40);
    for (const dialect of ['chat', 'completions', 'responses', 'messages', 'count_tokens'])
      expect(dialects).toContain(dialect);
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
  }, 300_000);

  it('no file has it after a kill -9 of everything', async () => {
    lethe = await startLethe({ home });
    requests += await runCampaign(lethe.run, manifest, '2', cells.filter(isAskedAgain));
    await lethe.kill();
    const { files, bytes, findings } = await searchFolder(wanted(), home);
    expectNoLeaks(findings);
    figures['files after a kill'] = `${files} with ${bytes} bytes`;
  }, 300_000);
});
