export { scan } from './grammar';
export { begin, skim } from './skim';
