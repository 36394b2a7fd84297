import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decideRetention, isGrantFor, type PayloadGrant, type RetentionDecision, stricter } from './index.js';

const PERMISSIVE = {
  orgPolicy: 'known',
  zdr: false,
  keyLogging: true,
  sealingKey: true,
  wish: 'none',
} as const;
const FIELDS = Object.keys(PERMISSIVE) as (keyof typeof PERMISSIVE)[];
const REASONS = [
  'policy_unknown',
  'policy_stale',
  'zdr',
  'logging_off',
  'no_sealing_key',
  'caller_wish',
] as const;
const REASON_OF_FIELD = {
  orgPolicy: 'policy_unknown',
  zdr: 'zdr',
  keyLogging: 'logging_off',
  sealingKey: 'no_sealing_key',
  wish: 'caller_wish',
} as const;

const anyInput = fc.record({
  orgPolicy: fc.constantFrom('known', 'unknown', 'stale'),
  zdr: fc.boolean(),
  keyLogging: fc.boolean(),
  sealingKey: fc.boolean(),
  wish: fc.constantFrom('none', 'telemetry_only'),
});
const anyRefusal = fc.constantFrom(...REASONS).map((reason) => refusal(reason));
const anyDecision = fc.oneof(
  anyRefusal,
  fc.constant('request-1').map((id) => decideRetention(id, PERMISSIVE)),
);

function refusal(reason: (typeof REASONS)[number]): RetentionDecision {
  return { kind: 'telemetry_only', reason };
}

/** Decides on input of a shape that the types forbid. */
function decideUntyped(input: unknown, requestId: unknown = 'request-1'): RetentionDecision {
  return decideRetention(requestId as string, input as typeof PERMISSIVE);
}

function grantFor(requestId: string): PayloadGrant {
  const decision = decideRetention(requestId, PERMISSIVE);
  if (decision.kind !== 'payload_granted') throw new Error('the permissive input was refused');
  return decision.grant;
}

describe('decideRetention', () => {
  it('grants when everything permits it', () => {
    expect(decideRetention('request-1', PERMISSIVE).kind).toBe('payload_granted');
  });

  it('returns a decision that nobody can edit', () => {
    expect(Object.isFrozen(decideRetention('request-1', PERMISSIVE))).toBe(true);
    expect(Object.isFrozen(decideUntyped(undefined))).toBe(true);
  });

  it('never loosens when any input is tightened', () => {
    fc.assert(
      fc.property(anyInput, fc.subarray(FIELDS), (input, tightened) => {
        const tighter = { ...input };
        if (tightened.includes('orgPolicy')) tighter.orgPolicy = 'stale';
        if (tightened.includes('zdr')) tighter.zdr = true;
        if (tightened.includes('keyLogging')) tighter.keyLogging = false;
        if (tightened.includes('sealingKey')) tighter.sealingKey = false;
        if (tightened.includes('wish')) tighter.wish = 'telemetry_only';
        const before = decideRetention('r', input).kind;
        const after = decideRetention('r', tighter).kind;
        expect([before, after]).not.toEqual(['telemetry_only', 'payload_granted']);
      }),
    );
  });

  it.each(FIELDS)('denies anything but the one permissive value of %s', (field) => {
    const nearMisses = [undefined, null, 0, 1, '', 'true', 'false', 'KNOWN', [], {}, new Boolean(true)];
    const garbage = fc.oneof(fc.constantFrom(...nearMisses), fc.anything());
    fc.assert(
      fc.property(garbage, (value) => {
        fc.pre(value !== PERMISSIVE[field] && value !== 'stale');
        expect(decideUntyped({ ...PERMISSIVE, [field]: value })).toEqual(refusal(REASON_OF_FIELD[field]));
      }),
    );
  });

  it.each(FIELDS)('denies when %s is missing, inherited, or throws when read', (field) => {
    const { [field]: value, ...rest } = PERMISSIVE;
    const inherited = Object.assign(Object.create({ [field]: value }), rest);
    const throwing = Object.defineProperty({ ...rest }, field, {
      get: () => {
        throw new Error('unreadable');
      },
    });
    for (const input of [rest, inherited, throwing]) {
      expect(decideUntyped(input)).toEqual(refusal(REASON_OF_FIELD[field]));
    }
    expect(decideUntyped({ ...rest, [field]: value }).kind).toBe('payload_granted');
  });

  it('denies what is no input at all', () => {
    for (const input of [undefined, null, true, 'known', 1, Symbol('s'), []]) {
      expect(decideUntyped(input)).toEqual(refusal('policy_unknown'));
    }
    fc.assert(fc.property(fc.anything(), (input) => decideUntyped(input).kind === 'telemetry_only'));
  });

  it('denies a request without an id', () => {
    for (const id of [undefined, null, '', 7, {}]) {
      expect(decideRetention(id as string, PERMISSIVE)).toEqual(refusal('policy_unknown'));
    }
  });
});

describe('a payload grant', () => {
  it('is good for its own request only', () => {
    const grant = grantFor('request-1');
    expect(isGrantFor(grant, 'request-1')).toBe(true);
    for (const id of ['request-2', 'Request-1', 'request-1 ', '', undefined, null, {}]) {
      expect(isGrantFor(grant, id as string)).toBe(false);
    }
  });

  it('shows nothing, inherits nothing and cannot be changed', () => {
    const grant = grantFor('request-1');
    expect(Reflect.ownKeys(grant)).toEqual([]);
    expect(Object.getPrototypeOf(grant)).toBeNull();
    expect(Object.isFrozen(grant)).toBe(true);
    expect((grant as unknown as Record<string, unknown>).constructor).toBeUndefined();
  });

  it('cannot be copied, rebuilt or derived', () => {
    const grant = grantFor('request-1');
    const lookAlikes = [
      {},
      { ...grant },
      Object.create(grant),
      Object.create(null),
      Object.freeze(Object.create(null)),
      structuredClone(grant),
      JSON.parse(JSON.stringify(grant)),
      new Proxy(grant, {}),
      undefined,
      null,
      'request-1',
      true,
    ];
    for (const lookAlike of lookAlikes)
      expect(isGrantFor(lookAlike as PayloadGrant, 'request-1')).toBe(false);
    expect(isGrantFor({} as PayloadGrant, undefined as unknown as string)).toBe(false);
    expect(isGrantFor(grant, 'request-1')).toBe(true);
  });

  it('is a type that no plain object satisfies', () => {
    // @ts-expect-error a grant comes from decideRetention only
    const forged: PayloadGrant = {};
    expect(isGrantFor(forged, 'request-1')).toBe(false);
  });
});

describe('stricter: deny wins', () => {
  const granted = () => decideRetention('request-1', PERMISSIVE);

  it('grants only what both grant', () => {
    fc.assert(
      fc.property(anyDecision, anyDecision, (first, second) => {
        const bothGrant = first.kind === 'payload_granted' && second.kind === 'payload_granted';
        expect(stricter(first, second).kind).toBe(bothGrant ? 'payload_granted' : 'telemetry_only');
      }),
    );
  });

  it('hands on the later of two grants, still good for the request', () => {
    const later = granted();
    expect(stricter(granted(), later)).toBe(later);
  });

  it('is commutative, idempotent and associative', () => {
    fc.assert(
      fc.property(anyDecision, anyDecision, anyDecision, (a, b, c) => {
        expect(stricter(a, b)).toEqual(stricter(b, a));
        expect(stricter(a, a)).toEqual(a);
        expect(stricter(stricter(a, b), c)).toEqual(stricter(a, stricter(b, c)));
      }),
    );
  });

  it('names the strictest of two reasons', () => {
    REASONS.forEach((strict, i) => {
      for (const lax of REASONS.slice(i)) {
        expect(stricter(refusal(lax), refusal(strict))).toEqual(refusal(strict));
        expect(stricter(refusal(strict), refusal(lax))).toEqual(refusal(strict));
      }
    });
  });

  it('refuses grants of two different requests', () => {
    expect(stricter(granted(), decideRetention('request-2', PERMISSIVE))).toEqual(refusal('policy_unknown'));
  });

  it('refuses a decision that is none', () => {
    const grant = grantFor('request-1');
    const forgeries = [
      undefined,
      null,
      {},
      { kind: 'payload_granted' },
      { kind: 'payload_granted', grant: {} },
      { kind: 'payload_granted', grant: Object.create(grant) },
      { kind: 'telemetry_only', grant },
      { kind: 'granted', grant },
      { kind: 'telemetry_only', reason: 'no_reason_at_all' },
    ] as unknown as RetentionDecision[];
    for (const forgery of forgeries) {
      expect(stricter(forgery, granted())).toEqual(refusal('policy_unknown'));
      expect(stricter(granted(), forgery)).toEqual(refusal('policy_unknown'));
      expect(stricter(forgery, forgery)).toEqual(refusal('policy_unknown'));
    }
  });
});
