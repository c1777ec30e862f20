import { runSandbox, sets } from '../sandbox/sets.ts';
import { ensureImages } from './sandbox.ts';

/** The sandbox, and the images of the contract in its registry. */
export default function setUp(): void {
  runSandbox('up', ...sets);
  ensureImages();
}
