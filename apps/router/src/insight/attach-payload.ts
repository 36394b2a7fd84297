import type { InsightId, SealedPayloadRecord } from '@lethe/contracts';
import { uuidBytes } from '@lethe/contracts';
import { encodePayload, payloadDocument, sealPayload, truncatePayload } from '@lethe/sealed-payload';
import { isGrantFor, type PayloadGrant } from '@lethe/zdr-policy';
import type { Principal } from '../auth/authenticate.js';
import { assembleChoices } from './assemble-choices.js';
import { assembleMessages, assembleTools } from './assemble-messages.js';
import type { CapturedExchange } from './captured-exchange.js';

const partsMax = 4096;

/**
 * The one place where an insight is given its payload. Needs the grant for this very request and the organization's
 * sealing key: without the key there is nothing to seal with and nothing leaves. Returns undefined when either is
 * missing or the content cannot be brought within its limits.
 */
export const attachPayload = (
  grant: PayloadGrant,
  insightId: InsightId,
  principal: Principal,
  captured: CapturedExchange,
  policyVersion: bigint,
): SealedPayloadRecord | undefined => {
  const { sealingKey, orgId, apiKeyId } = principal.key;
  if (!isGrantFor(grant, insightId) || sealingKey === undefined || principal.org === undefined)
    return undefined;
  const { partBytesMax, totalBytesMax } = principal.org.payloadLimits;
  const responseTruncated = captured.response.truncated;
  const response = captured.response.take();
  let plaintext: Buffer | undefined;
  try {
    const content = payloadDocument({
      messages: assembleMessages(captured),
      tools: assembleTools(captured),
      choices: assembleChoices(captured.endpoint, response, captured.streaming),
      originalBytes: captured.originalBytes,
    });
    const document = truncatePayload(
      { ...content, truncated: captured.requestTruncated || responseTruncated },
      { maxBytesPerPart: partBytesMax, maxBytesTotal: totalBytesMax, maxParts: partsMax },
    );
    plaintext = encodePayload(document);
    const sealed = sealPayload(
      plaintext,
      { transitKeyId: uuidBytes(sealingKey.transitKeyId), publicKey: sealingKey.publicKey },
      { orgId: uuidBytes(orgId), insightId: uuidBytes(insightId), kind: 'payload', policyVersion },
    );
    return { insightId, orgId, apiKeyId, policyVersion, transitKeyId: sealingKey.transitKeyId, ...sealed };
  } catch {
    return undefined;
  } finally {
    response.fill(0);
    plaintext?.fill(0);
  }
};
