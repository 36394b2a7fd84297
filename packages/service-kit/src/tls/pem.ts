const block = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

/** The certificates of a PEM text, one text each, in their order. */
export const certificatesOf = (pem: string): readonly string[] => pem.match(block) ?? [];
