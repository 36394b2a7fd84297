import { CallRefused } from '../../operator/api-client.js';
import { operatorApi } from '../../operator/find-lethe.js';
import { Problem } from '../../terminal/problem.js';

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The id of an organization given by id or slug. Asks admin-config for a slug; throws Problem when it has none such. */
export const findOrganizationId = async (idOrSlug: string): Promise<string> => {
  if (uuid.test(idOrSlug.toLowerCase())) return idOrSlug.toLowerCase();
  try {
    const organizations = await (await operatorApi(undefined)).listOrganizations();
    const found = organizations.find(({ slug }) => slug === idOrSlug);
    if (found !== undefined) return found.id;
  } catch (error) {
    if (error instanceof CallRefused) throw error;
    throw new Problem(
      'The slug cannot be looked up: admin-config is not found or does not answer.',
      'Give the id, or set LETHE_ADMIN_URL.',
    );
  }
  throw new Problem('There is no organization with this slug.', '"lethe org list" shows the organizations.');
};
