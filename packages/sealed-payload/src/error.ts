export type SealedPayloadErrorCode =
  | 'bad_key'
  | 'bad_length'
  | 'bad_binding'
  | 'bad_limits'
  | 'bad_document'
  | 'open_failed';

const MESSAGES: Readonly<Record<SealedPayloadErrorCode, string>> = {
  bad_key: 'the key cannot be used',
  bad_length: 'a value has the wrong length',
  bad_binding: 'the binding is incomplete or out of range',
  bad_limits: 'the limits are out of range',
  bad_document: 'not a payload document',
  open_failed: 'sealed for another key or binding, or altered',
};

/** The only error this package throws. Its text depends on nothing but the code, and it carries no cause. */
export class SealedPayloadError extends Error {
  override readonly name = 'SealedPayloadError';
  readonly code: SealedPayloadErrorCode;

  constructor(code: SealedPayloadErrorCode) {
    super(MESSAGES[code]);
    this.code = code;
  }
}
