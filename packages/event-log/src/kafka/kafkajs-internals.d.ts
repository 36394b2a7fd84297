/** The one inner class of kafkajs whose idle timer is corrected, see idle-timer.ts. */
declare module 'kafkajs/src/network/requestQueue/index.js' {
  interface RequestQueue {
    readonly pending: readonly unknown[];
    readonly throttledUntil: number;
    throttleCheckTimeoutId: unknown;
    scheduleCheckPendingRequests(): void;
  }
  const RequestQueueClass: {
    readonly prototype: RequestQueue;
    new (options: Record<string, unknown>): RequestQueue;
  };
  export default RequestQueueClass;
}
