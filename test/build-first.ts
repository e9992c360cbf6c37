import { buildStale } from '../scripts/build.mjs';

export default async function buildFirst(): Promise<void> {
  await buildStale();
}
