import { z } from 'zod';
import { figuresSchema } from './figures.js';

/** The primary asks a worker how it is. */
export const questionSchema = z.strictObject({ question: z.number().int().positive() });
export type Question = z.infer<typeof questionSchema>;

/** A worker's answer: whether it is ready, and numbers. No text of a request has a place in it. */
export const answerSchema = z.strictObject({
  question: z.number().int().positive(),
  ready: z.boolean(),
  figures: figuresSchema,
});
export type Answer = z.infer<typeof answerSchema>;
