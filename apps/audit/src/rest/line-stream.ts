import type { Logger } from '@lethe/service-kit';

interface LineStreamOptions {
  /** After this long the stream is cut, whoever is slow. */
  readonly timeMsMax: number;
  readonly log: Logger;
  /** Called once, however the stream ends. */
  readonly onEnd: () => void;
}

/**
 * A body of chunks that are made only when the caller's socket takes them. What fails on the way cuts the body off:
 * its status is long sent.
 */
export const lineStream = (
  chunks: AsyncGenerator<Buffer>,
  { timeMsMax, log, onEnd }: LineStreamOptions,
): ReadableStream<Uint8Array> => {
  let hasEnded = false;
  const end = (): void => {
    if (hasEnded) return;
    hasEnded = true;
    clearTimeout(timer);
    onEnd();
  };
  let cut: (() => void) | undefined;
  const timer = setTimeout(() => {
    log.warn('export.too_slow');
    cut?.();
    end();
  }, timeMsMax);
  timer.unref();
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        cut = () => controller.error(new Error('the export took too long'));
      },
      pull: async (controller) => {
        try {
          const { value, done } = await chunks.next();
          if (hasEnded) return;
          if (done !== true) return controller.enqueue(new Uint8Array(value));
          controller.close();
        } catch (error) {
          log.error('export.failed', error);
          controller.error(new Error('the export failed'));
        }
        end();
      },
      cancel: async () => {
        end();
        await chunks.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
};
