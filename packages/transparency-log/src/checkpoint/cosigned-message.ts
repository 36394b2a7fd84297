/** The bytes a cosignature signs: two lines that tell it from any other signature, then the checkpoint's body. */
export const cosignedMessage = (seconds: number, body: string): Buffer =>
  Buffer.from(`cosignature/v1\ntime ${seconds}\n${body}`);
