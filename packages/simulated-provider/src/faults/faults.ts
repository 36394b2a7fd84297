import type { Serving } from '../exchange.js';
import type { FaultKind } from '../models.js';
import {
  answerAfterHints,
  answerBadJson,
  answerCompressed,
  answerTwice,
  answerUnknownFinish,
  answerWithHugeHead,
  answerWithoutUsage,
  answerWithWrongType,
  redirect,
} from './bending.js';
import { cut, cutClean, errorMidStream, resetMidStream, talkForever } from './breaking.js';
import { drip, promiseTooLittle, promiseTooMuch, sendHeadForever, truncateChunk } from './framing.js';
import { refuseQuoting } from './refusing.js';
import { answerLate, hang, resetBeforeHead } from './silent.js';

type Fault = (serving: Serving) => Promise<void>;

/** Every way in which this provider can fail, by the name that model names select it with. */
export const FAULTS: Readonly<Record<FaultKind, Fault>> = {
  '400': async (serving) => refuseQuoting(serving, '400'),
  '401': async (serving) => refuseQuoting(serving, '401'),
  '403': async (serving) => refuseQuoting(serving, '403'),
  '429': async (serving) => refuseQuoting(serving, '429'),
  '500': async (serving) => refuseQuoting(serving, '500'),
  '529': async (serving) => refuseQuoting(serving, '529'),
  hang,
  'slow-head': answerLate,
  reset: resetBeforeHead,
  'reset-mid-stream': resetMidStream,
  cut,
  'cut-clean': cutClean,
  'no-usage': answerWithoutUsage,
  'mid-stream-error': errorMidStream,
  'bad-json': answerBadJson,
  'huge-head': answerWithHugeHead,
  endless: talkForever,
  'endless-head': sendHeadForever,
  drip,
  gzip: answerCompressed,
  redirect,
  'two-responses': answerTwice,
  informational: answerAfterHints,
  'unknown-finish': answerUnknownFinish,
  'wrong-content-type': answerWithWrongType,
  'long-length': promiseTooMuch,
  'short-length': promiseTooLittle,
  'truncated-chunk': truncateChunk,
};
