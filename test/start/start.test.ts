import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { buildStale, root } from '../../scripts/build.mjs';
import { findDesktop, findElectron } from '../../scripts/desktop.mjs';
import { startApp, type App } from '../../scripts/launch.mjs';
import { personEnvironment, run, start } from '../end-to-end/run-demo.ts';
