import { flawOf, type Issued, issue, newAuthority } from './authority.js';
import type { DeploymentFiles } from './files.js';
import { authorityReaders, type CertificatePlan, certificatePlans, type FolderName } from './layout.js';

interface Pair {
  readonly certificate: string | undefined;
  readonly key: string | undefined;
}

const readPair = async (
  files: DeploymentFiles,
  folder: FolderName,
  names: { certificate: string; key: string },
): Promise<Pair> => ({
  certificate: await files.read(files.path(folder, names.certificate)),
  key: await files.read(files.path(folder, names.key)),
});

const place = (
  files: DeploymentFiles,
  folder: FolderName,
  names: { certificate: string; key: string },
  issued: Issued,
): void => {
  files.add(folder, names.certificate, issued.certificate);
  files.add(folder, names.key, issued.key);
};

/** An authority; its key is undefined when it is kept elsewhere. */
interface Authority {
  readonly certificate: string;
  readonly key: string | undefined;
}

const authority = async (files: DeploymentFiles, name: string, commonName: string): Promise<Authority> => {
  const names = { certificate: `${name}.crt`, key: `${name}.key` };
  const { certificate, key } = await readPair(files, 'operator', names);
  if (certificate !== undefined) {
    const flaw = key === undefined ? undefined : flawOf({ certificate, key }, certificate);
    if (flaw !== undefined) files.flaw(`${files.path('operator', names.certificate)} ${flaw}.`);
    return { certificate, key };
  }
  if (key !== undefined) files.flaw(`${files.path('operator', names.key)} is there without its certificate.`);
  const made = await newAuthority(commonName);
  place(files, 'operator', names, made);
  return made;
};

const certificate = async (
  files: DeploymentFiles,
  plan: CertificatePlan,
  signer: Authority,
): Promise<Issued> => {
  const there = await readPair(files, plan.folder, plan);
  const path = files.path(plan.folder, plan.certificate);
  if (there.certificate !== undefined && there.key !== undefined) {
    const issued = { certificate: there.certificate, key: there.key };
    // Somebody else's for the public name is what a deployment should have.
    const flaw = flawOf(issued, plan.authority === 'internal' ? signer.certificate : undefined);
    if (flaw !== undefined)
      files.flaw(`${path} ${flaw}: remove it and its key (${plan.key}), and both are made anew.`);
    return issued;
  }
  if (there.certificate !== undefined || there.key !== undefined)
    files.flaw(`${path} and its key (${plan.key}) must both be there, or neither.`);
  if (signer.key === undefined) {
    files.flaw(
      `${path} is missing, and the key of its authority is not in operator/: put it there for as long as this runs.`,
    );
    return { certificate: '', key: '' };
  }
  const issued = await issue(plan, { certificate: signer.certificate, key: signer.key });
  place(files, plan.folder, plan, issued);
  return issued;
};

/** Both authorities and every certificate; a certificate that has expired, or does not fit, is a flaw. */
export const makeCertificates = async (
  files: DeploymentFiles,
  publicHosts: readonly string[],
): Promise<void> => {
  const authorities = {
    internal: await authority(files, 'ca', 'Lethe internal authority'),
    public: await authority(files, 'public-ca', 'Lethe public authority'),
  };
  for (const plan of certificatePlans(publicHosts)) {
    const issued = await certificate(files, plan, authorities[plan.authority]);
    // Kafka wants one file, the key first.
    if (plan.folder === 'kafka')
      await files.repeat(
        'kafka',
        'keystore.pem',
        issued.key + issued.certificate + authorities.internal.certificate,
      );
  }
  for (const folder of authorityReaders)
    await files.repeat(folder, 'ca.crt', authorities.internal.certificate);
  await files.repeat('tools', 'public-ca.crt', authorities.public.certificate);
};
