export { scan } from './grammar';
