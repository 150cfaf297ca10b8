/** The shapes of the timeline; each kind has one of its own, so that colour is never alone. */
import type { Shape } from '../scene';
import { s } from '../../webview/dom';

const PATHS: Readonly<Record<Shape | 'purchase', string>> = {
  // filled circle, hollow circle, small diamond, square
  touch: 'M-6,0a6,6 0 1,0 12,0a6,6 0 1,0 -12,0Z',
  outside: 'M-5,0a5,5 0 1,0 10,0a5,5 0 1,0 -10,0Z',
  visit: 'M0,-4.5L4.5,0L0,4.5L-4.5,0Z',
  purchase: 'M-7,-7H7V7H-7Z',
};

export const shape = (kind: Shape | 'purchase'): SVGPathElement => s('path', { d: PATHS[kind], class: `shape shape-${kind}` });
/** Around a mark that is credited or selected. */
export const ring = (kind: 'credit' | 'selected'): SVGElement => (kind === 'credit' ? s('circle', { r: 9.5, class: 'ring' }) : s('rect', { x: -11, y: -11, width: 22, height: 22, class: 'ring' }));
