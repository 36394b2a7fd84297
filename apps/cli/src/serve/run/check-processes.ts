import type { ServiceName } from '@lethe/contracts';
import type { Logger } from '@lethe/service-kit';
import { repositoryRoot } from '../../repository.js';
import { Problem } from '../../terminal/problem.js';
import { primaryFlags } from '../../up/services/router-permissions.js';
import type { AppLaunch } from '../launch/app-launch.js';
import { processFacts, readBuild } from '../preflight/facts.js';
import { buildFindings, type Finding, findingText, processFindings } from '../preflight/findings.js';

/** The services whose memory holds what clients send and get. */
const seesContent: ReadonlySet<ServiceName> = new Set(['router', 'accounting']);

interface PreflightOptions {
  readonly app: ServiceName;
  readonly launch: AppLaunch;
  readonly log: Logger;
  /** Where /proc and /sys lie. */
  readonly root?: string;
}

/** Looks at the launcher and at the processes of one service, and ends the start when it must. */
export class Preflight {
  readonly #options: PreflightOptions;
  readonly #root: string;

  constructor(options: PreflightOptions) {
    this.#options = options;
    this.#root = options.root ?? '/';
  }

  /** Throws Problem when something is open that must not be. Before the service is started. */
  ofLauncher(): void {
    const { launch, log } = this.#options;
    const build = readBuild(repositoryRoot);
    log.info('launcher.build', { digest: build?.digest, node: process.versions.node });
    const expected = { folders: launch.folders, permissions: false };
    this.#judge([
      ...processFindings(processFacts('self', this.#root), expected),
      ...buildFindings(build, process.versions.node, launch.buildDigest),
    ]);
  }

  /** The process that was started: before it is handed over anything. */
  ofService(pid: number): void {
    const several = this.#options.launch.routerWorkers > 1;
    this.#ofProcess(pid, several ? primaryFlags : []);
  }

  /** Those that serve beside it, if there are any. */
  ofWorkers(pids: readonly number[]): void {
    for (const pid of pids) this.#ofProcess(pid, []);
  }

  #ofProcess(pid: number, flags: readonly string[]): void {
    const { app, launch } = this.#options;
    const expected = { folders: launch.folders, permissions: app === 'router', flags };
    this.#judge(processFindings(processFacts(pid, this.#root), expected));
  }

  #judge(findings: readonly Finding[]): void {
    const { app, launch, log } = this.#options;
    if (findings.length === 0) return;
    if (launch.preflight === 'warn' || !seesContent.has(app)) {
      for (const { item } of findings) log.warn('preflight.open', { item });
      return;
    }
    throw new Problem(
      `The preflight of ${app} found what must not be in production:\n${findings.map((finding) => `  - ${findingText(finding)}`).join('\n')}`,
      'Mend it, or set LETHE_PREFLIGHT=warn where no real request ever comes.',
    );
  }
}
