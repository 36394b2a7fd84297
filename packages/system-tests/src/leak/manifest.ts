import { type Canary, canary } from '@lethe/leak-prover';

export type ProfileName = 'zdr' | 'quiet' | 'logging';

/** An API key whose traffic is searched for. */
export interface Profile {
  readonly name: ProfileName;
  readonly key: string;
  readonly adminToken: string;
}

/** What a canary may be found in: nowhere, or where telemetry is kept. */
export type Keeping = 'nowhere' | 'telemetry';

/** A payload that the API must give back, or must not have. */
export interface ExpectedPayload {
  readonly requestId: string;
  readonly caseName: string;
  /** Canaries of the request that stand in its payload; empty: there must be no payload. */
  readonly canaries: readonly Canary[];
}

/** Everything that was planted, by place, and what is expected of it. */
export class Manifest {
  readonly #keeping = new Map<string, Keeping>();
  readonly canaries: Canary[] = [];
  readonly payloads: ExpectedPayload[] = [];

  add(planted: Canary, keeping: Keeping): Canary {
    if (this.#keeping.has(planted.place)) throw new Error(`${planted.place} is planted twice`);
    this.#keeping.set(planted.place, keeping);
    this.canaries.push(planted);
    return planted;
  }

  keepingOf(place: string): Keeping {
    return this.#keeping.get(place) ?? 'nowhere';
  }

  placesKept(): string[] {
    return [...this.#keeping].filter(([, keeping]) => keeping === 'telemetry').map(([place]) => place);
  }
}

/** Plants the canaries of one case of one profile. */
export class Planter {
  readonly planted: Canary[] = [];

  constructor(
    readonly profile: Profile,
    readonly caseName: string,
    private readonly manifest: Manifest,
  ) {}

  /** A canary that may be found nowhere. */
  at(place: string): Canary {
    const made = this.manifest.add(canary(`${this.profile.name}/${this.caseName}/${place}`), 'nowhere');
    this.planted.push(made);
    return made;
  }

  /** One that telemetry may keep for any organization but one with ZDR: a tag, an extra, `user_id`, `trace_id`. */
  inTelemetry(place: string): Canary {
    const keeping = this.profile.name === 'zdr' ? 'nowhere' : 'telemetry';
    return this.manifest.add(canary(`${this.profile.name}/${this.caseName}/${place}`), keeping);
  }

  /** Bytes that have no canary in plain sight, such as a compressed body: looked for as they are. */
  bytes(place: string, bytes: Buffer): Buffer {
    const text = bytes.toString('latin1');
    this.manifest.add({ place: `${this.profile.name}/${this.caseName}/${place}`, text, core: '' }, 'nowhere');
    return bytes;
  }

  expectPayload(requestId: string, canaries: readonly Canary[]): void {
    this.manifest.payloads.push({ requestId, caseName: `${this.profile.name}/${this.caseName}`, canaries });
  }
}
