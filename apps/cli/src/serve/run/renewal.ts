import { createHash } from 'node:crypto';
import type { Logger } from '@lethe/service-kit';
import type { Reading } from '../settings/read-settings.js';

type LaunchObject = Readonly<Record<string, unknown>>;

/** Parts of a launch object that a running service takes anew. Everything else is read when it starts. */
export const renewableParts = ['tls', 'publicTls'] as const;

const digestOf = (value: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify(value) ?? '')
    .digest('hex');

const renewable = new Set<string>(renewableParts);

interface RenewalOptions {
  /** Reads settings and files as they are now, checked. */
  readonly read: () => Reading<LaunchObject>;
  /** What the service has been handed over. */
  readonly launch: LaunchObject;
  /** Writes a further line to the service. */
  readonly tell: (line: object) => void;
  readonly log: Logger;
}

/**
 * Compares what the files say with what the service has, and tells the service what is new of what it can take anew.
 * Each outcome is said once, by names: a set that is not taken again when it becomes another one.
 */
export class Renewal {
  readonly #options: RenewalOptions;
  readonly #held = new Map<string, string>();
  #lastSaid = '';

  constructor(options: RenewalOptions) {
    this.#options = options;
    for (const [part, value] of Object.entries(options.launch)) this.#held.set(part, digestOf(value));
  }

  /** Reads once and does what is to be done. Never throws. */
  check(): void {
    const { read, tell, log } = this.#options;
    const reading = read();
    if ('problems' in reading) {
      this.#once(JSON.stringify(reading.problems), () => {
        for (const { name, code } of reading.problems) log.warn('renewal.refused', { setting: name, code });
      });
      return;
    }
    const changed = this.#changed(reading.settings);
    const renewed = changed.filter((part) => renewable.has(part));
    if (renewed.length > 0) {
      tell({ renew: Object.fromEntries(renewed.map((part) => [part, reading.settings[part]])) });
      for (const part of renewed) {
        this.#held.set(part, digestOf(reading.settings[part]));
        log.info('renewal.handed_over', { part });
      }
    }
    const waiting = changed.filter((part) => !renewable.has(part));
    this.#once(waiting.join(), () => {
      for (const part of waiting) log.warn('renewal.waits_for_restart', { part });
    });
  }

  #changed(launch: LaunchObject): string[] {
    const parts = new Set([...this.#held.keys(), ...Object.keys(launch)]);
    return [...parts].filter((part) => this.#held.get(part) !== digestOf(launch[part]));
  }

  #once(what: string, say: () => void): void {
    if (what !== '' && what !== this.#lastSaid) say();
    this.#lastSaid = what;
  }
}
