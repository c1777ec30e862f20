#!/usr/bin/env node
// Builds from src, without notices and docs, then runs: Node 20 cannot run TypeScript itself.
import { bundle } from '../build.mjs';

await bundle();
await import('./run.js');
