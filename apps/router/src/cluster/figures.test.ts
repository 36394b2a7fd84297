import { describe, expect, it } from '@jest/globals';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { DepartedCounts, type Figure, figuresOf, sumOf } from './figures.js';
import { mergedMetrics } from './merged-metrics.js';
import { answerSchema } from './messages.js';

const figure = (name: string, value: number, more: Partial<Figure> = {}): Figure => ({
  name,
  type: 'counter',
  aggregator: 'sum',
  values: [{ labels: {}, value }],
  ...more,
});
const line = (page: string, start: string): string | undefined =>
  page.split('\n').find((each) => each.startsWith(start));

describe('the figures a worker hands over', () => {
  it('are names, labels and numbers; no help, and nothing that is no number', async () => {
    const registry = new Registry();
    const registers = [registry];
    registry.setDefaultLabels({ service: 'router' });
    new Counter({ name: 'a_total', help: 'Some help', labelNames: ['outcome'], registers }).inc({
      outcome: 'success',
    });
    new Gauge({ name: 'b', help: 'x', registers, aggregator: 'max' }).set(Number.NaN);
    expect(await figuresOf(registry)).toEqual([
      {
        name: 'a_total',
        type: 'counter',
        aggregator: 'sum',
        values: [{ labels: { outcome: 'success', service: 'router' }, value: 1 }],
      },
      { name: 'b', type: 'gauge', aggregator: 'max', values: [] },
    ]);
  });

  it('leave out a metric whose label could be text', async () => {
    const registry = new Registry();
    const registers = [registry];
    const counter = new Counter({ name: 'a_total', help: 'x', labelNames: ['model'], registers });
    counter.inc({ model: 'Dear Sir, this is a prompt' });
    expect(await figuresOf(registry)).toEqual([]);
    counter.reset();
    counter.inc({ model: 'gpt-4.1' });
    expect(await figuresOf(registry)).toHaveLength(1);
  });

  it('are refused by the primary in any other form', () => {
    const answer = { question: 1, ready: true, figures: [figure('a_total', 1)] };
    expect(answerSchema.safeParse(answer).success).toBe(true);
    for (const wrong of [
      { ...answer, prompt: 'text' },
      { ...answer, figures: [{ ...figure('a b', 1) }] },
      { ...answer, figures: [figure('a', 1, { values: [{ labels: { a: 'some text' }, value: 1 }] })] },
      { ...answer, figures: [figure('a', 1, { values: [{ labels: { a: 'x'.repeat(65) }, value: 1 }] })] },
      { ...answer, figures: Array.from({ length: 501 }, () => figure('a', 1)) },
    ])
      expect(answerSchema.safeParse(wrong).success).toBe(false);
  });
});

describe('the figures of several workers', () => {
  it('are merged as each metric asks to be', async () => {
    const of = (count: number, fill: number, version: number): Figure[] => [
      figure('requests_total', count),
      figure('fill', fill, { type: 'gauge', aggregator: 'max' }),
      figure('version', version, { type: 'gauge', aggregator: 'min' }),
      figure('started', 5, { type: 'gauge', aggregator: 'omit' }),
    ];
    const page = await mergedMetrics([of(3, 0.5, 17), of(4, 0.1, 16)]);
    expect(line(page, 'requests_total')).toBe('requests_total 7');
    expect(line(page, 'fill')).toBe('fill 0.5');
    expect(line(page, 'version')).toBe('version 16');
    expect(page).not.toContain('started');
    expect(page).toContain('# HELP version Smallest of the workers');
  });

  it('keep histograms whole', async () => {
    const registries = [1, 2].map((seconds) => {
      const registry = new Registry();
      new Histogram({ name: 'h', help: 'x', buckets: [1, 5], registers: [registry] }).observe(seconds);
      return registry;
    });
    const page = await mergedMetrics(await Promise.all(registries.map(figuresOf)));
    expect(page.split('\n').filter((each) => each.startsWith('h_'))).toEqual([
      'h_bucket{le="1"} 1',
      'h_bucket{le="5"} 2',
      'h_bucket{le="+Inf"} 2',
      'h_sum 3',
      'h_count 2',
    ]);
  });

  it('sum up under one name', () => {
    const figures = [
      figure('a', 0, {
        values: [
          { labels: { o: 'x' }, value: 2 },
          { labels: { o: 'y' }, value: 3 },
        ],
      }),
    ];
    expect([sumOf(figures, 'a'), sumOf(figures, 'b')]).toEqual([5, 0]);
  });
});

describe('the counts of workers that are gone', () => {
  it('add up, label by label; what is no count goes with its worker', () => {
    const departed = new DepartedCounts();
    for (const outcome of ['x', 'y', 'x'])
      departed.add([
        figure('requests_total', 0, { values: [{ labels: { outcome }, value: 2 }] }),
        figure('stored_total', 1, { type: 'gauge' }),
        figure('waiting', 7, { type: 'gauge' }),
      ]);
    expect(departed.figures).toEqual([
      figure('requests_total', 0, {
        values: [
          { labels: { outcome: 'x' }, value: 4 },
          { labels: { outcome: 'y' }, value: 2 },
        ],
      }),
      figure('stored_total', 3, { type: 'gauge' }),
    ]);
  });

  it('keep a sum from falling when a worker is replaced', async () => {
    const departed = new DepartedCounts();
    const [first, second] = [[figure('requests_total', 5)], [figure('requests_total', 6)]];
    const before = await mergedMetrics([first, second, departed.figures]);
    departed.add(first);
    const after = await mergedMetrics([[], second, departed.figures]);
    expect(line(before, 'requests_total')).toBe('requests_total 11');
    expect(line(after, 'requests_total')).toBe('requests_total 11');
    expect(line(await mergedMetrics([[], second]), 'requests_total')).toBe('requests_total 6');
  });
});
