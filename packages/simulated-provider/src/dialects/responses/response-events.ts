import type { Answer, CallPart, Choice, TextPart } from '../../answers/answer.js';
import type { JsonObject } from '../../json-codec.js';
import { frame, type Shape, type StreamEvent } from '../dialect.js';
import { contentPart, emptyContentPart, logprobsOf, type OutputItem, outputItems } from './output-items.js';
import type { ResponsesRequest } from './read-response.js';
import { endedJson, incompleteReason, responseJson } from './response-json.js';

type Output = NonNullable<StreamEvent['output']>;

/** An event of the stream before it was numbered. */
interface Step {
  readonly type: string;
  readonly fields: JsonObject;
  readonly kind: StreamEvent['kind'];
  readonly output?: Output;
}

const outputOf = (part: Output['part'], text: string): Output => ({ choice: 0, part, text });

/** The events of a streamed response: created, in progress, each item from its announcement to its end, the end. */
export function* responseEvents(
  answer: Answer,
  request: ResponsesRequest,
  shape: Shape = {},
): Generator<StreamEvent> {
  let sequence = 0;
  for (const { type, fields, kind, output } of steps(answer, request, shape)) {
    const padding =
      kind === 'delta' && request.includeObfuscation ? { obfuscation: 'x'.repeat(1 + (sequence % 16)) } : {};
    yield {
      kind,
      text: frame({ type, ...fields, sequence_number: sequence, ...padding }, type),
      ...(output !== undefined && { output }),
    };
    sequence += 1;
  }
}

function* steps(answer: Answer, request: ResponsesRequest, shape: Shape): Generator<Step> {
  const begun = responseJson(answer, request, { status: 'in_progress' });
  if (shape.withoutUsage === true) delete begun.usage;
  yield { type: 'response.created', kind: 'open', fields: { response: begun } };
  yield { type: 'response.in_progress', kind: 'open', fields: { response: begun } };

  const [choice] = answer.choices;
  const items = outputItems(answer, request);
  for (const [index, item] of items.entries()) {
    const at = { output_index: index, item_id: item.id };
    yield {
      type: 'response.output_item.added',
      kind: 'open',
      fields: { output_index: index, item: item.announced },
    };
    if (choice !== undefined) yield* itemSteps(item, at, choice);
    yield {
      type: 'response.output_item.done',
      kind: 'close',
      fields: { output_index: index, item: item.finished },
      // Thoughts that are not shown are billed all the same.
      ...(item.kind === 'reasoning' && !item.hasSummary && { output: outputOf('reasoning', item.part.text) }),
    };
  }

  const output = items.map(({ finished }) => finished);
  const incomplete =
    shape.finishReason !== undefined || (choice !== undefined && incompleteReason(choice) !== null);
  yield {
    type: incomplete ? 'response.incomplete' : 'response.completed',
    kind: 'usage',
    fields: { response: endedJson(answer, request, { output, shape }) },
  };
}

type Place = JsonObject & { output_index: number; item_id: string };

function* itemSteps(item: OutputItem, at: Place, choice: Choice): Generator<Step> {
  if (item.kind === 'call') {
    yield* callSteps(item.part, at);
    return;
  }
  if (item.kind === 'reasoning') {
    if (item.hasSummary) yield* summarySteps(item.part, { ...at, summary_index: 0 });
    return;
  }
  for (const [index, part] of item.parts.entries()) {
    const place = { ...at, content_index: index };
    const whole = contentPart(part, choice);
    yield {
      type: 'response.content_part.added',
      kind: 'open',
      fields: { ...place, part: emptyContentPart(part) },
    };
    yield* part.kind === 'refusal' ? refusalSteps(part, place) : textSteps(part, place, whole);
    yield { type: 'response.content_part.done', kind: 'close', fields: { ...place, part: whole } };
  }
}

function* textSteps(part: TextPart, place: Place, whole: JsonObject): Generator<Step> {
  for (const piece of part.pieces()) {
    yield {
      type: 'response.output_text.delta',
      kind: 'delta',
      fields: { ...place, delta: piece, logprobs: logprobsOf(part, [piece]) },
      output: outputOf('content', piece),
    };
  }
  const { text, logprobs } = whole;
  yield { type: 'response.output_text.done', kind: 'close', fields: { ...place, text, logprobs } };
}

function* refusalSteps(part: TextPart, place: Place): Generator<Step> {
  for (const delta of part.pieces()) {
    const output = outputOf('refusal', delta);
    yield { type: 'response.refusal.delta', kind: 'delta', fields: { ...place, delta }, output };
  }
  yield { type: 'response.refusal.done', kind: 'close', fields: { ...place, refusal: part.text } };
}

function* summarySteps(part: TextPart, place: Place): Generator<Step> {
  const base = 'response.reasoning_summary';
  const whole = { type: 'summary_text', text: part.text };
  yield { type: `${base}_part.added`, kind: 'open', fields: { ...place, part: { ...whole, text: '' } } };
  for (const delta of part.pieces()) {
    const output = outputOf('reasoning', delta);
    yield { type: `${base}_text.delta`, kind: 'delta', fields: { ...place, delta }, output };
  }
  yield { type: `${base}_text.done`, kind: 'close', fields: { ...place, text: part.text } };
  yield { type: `${base}_part.done`, kind: 'close', fields: { ...place, part: whole } };
}

/** A tool's name is output that leaves with the first piece of its arguments. */
function* callSteps(part: CallPart, place: Place): Generator<Step> {
  const base = part.freeText ? 'response.custom_tool_call_input' : 'response.function_call_arguments';
  let unsaid = part.name;
  for (const delta of part.pieces()) {
    const output = outputOf('call', unsaid + delta);
    unsaid = '';
    yield { type: `${base}.delta`, kind: 'delta', fields: { ...place, delta }, output };
  }
  const said = part.freeText ? { input: part.text } : { arguments: part.text, name: part.name };
  yield {
    type: `${base}.done`,
    kind: 'close',
    fields: { ...place, ...said },
    ...(unsaid !== '' && { output: outputOf('call', unsaid) }),
  };
}
