/**
 * Draws the icons of build/ again: `node scripts/icons.mjs`. Needed only when a drawing here changes; the
 * PNG files are committed. The Chromium of the interface's tests renders them.
 *
 * The tray's icons come twice: in colour, on a badge of their own since a panel may be light or dark, and
 * for macOS as templates, black on nothing, which the menu bar recolours by itself.
 */
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from '@playwright/test';
import { findChromium } from './find-chromium.mjs';

const root = fileURLToPath(new URL('../', import.meta.url));
const build = `${root}build/`;

/** The glyphs are paths on a grid of 24 by 24. The key is the interface's own. */
const key = / d="([^"]+)"/.exec(readFileSync(`${root}renderer/icon.svg`, 'utf8'))?.[1] ?? '';
const padlock =
  'M7 10V8a5 5 0 0 1 10 0v2h.5a1.5 1.5 0 0 1 1.5 1.5v8a1.5 1.5 0 0 1-1.5 1.5h-11A1.5 1.5 0 0 1 5 19.5v-8A1.5 1.5 0 0 1 6.5 10Z' +
  'm2.5 0h5V8a2.5 2.5 0 0 0-5 0Zm2.5 3a1.6 1.6 0 0 0-.9 2.9v2h1.8v-2A1.6 1.6 0 0 0 12 13Z';

/** @param {string} content on a grid of 32 by 32 */
const svg = (content) => `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">${content}</svg>`;
/** @param {string} glyph @param {string} fill @param {number} scale */
const centred = (glyph, fill, scale) =>
  `<path fill="${fill}" fill-rule="evenodd" d="${glyph}" transform="translate(16 16) scale(${scale}) translate(-12 -12)"/>`;
/** @param {string} colour @param {string} glyph */
const badge = (colour, glyph) =>
  `<rect x="1" y="1" width="30" height="30" rx="8" fill="${colour}"/>${centred(glyph, '#fff', 1.15)}`;
/** @param {string} glyph */
const template = (glyph) => centred(glyph, '#000', 1.5);

const trayDrawings = {
  idle: badge('#6b7280', key),
  active: badge('#0f766e', key),
  attention:
    badge('#b45309', key) + '<circle cx="25" cy="7" r="6" fill="#ef4444" stroke="#fff" stroke-width="2"/>',
  locked: badge('#475569', padlock),
  idleTemplate: `<g opacity=".55">${template(key)}</g>`,
  activeTemplate: template(key),
  attentionTemplate: `<g transform="translate(-5)">${template(key)}</g><circle cx="26" cy="7" r="5"/>`,
  lockedTemplate: template(padlock),
};

const appDrawing =
  '<defs><linearGradient id="door" x1="0" y1="0" x2="0" y2="1">' +
  '<stop offset="0" stop-color="#14808a"/><stop offset="1" stop-color="#0b4a52"/></linearGradient></defs>' +
  `<rect x="2" y="2" width="28" height="28" rx="6.5" fill="url(#door)"/>${centred(key, '#f3c969', 1)}`;

const pictures = [{ file: 'icon.png', drawing: appDrawing, pixels: 512 }];
for (const [name, drawing] of Object.entries(trayDrawings)) {
  // Electron takes the `@2x` file beside the one it is given for screens of twice the density.
  const pixels = name.endsWith('Template') ? 18 : 22;
  pictures.push({ file: `tray/${name}.png`, drawing, pixels });
  pictures.push({ file: `tray/${name}@2x.png`, drawing, pixels: 2 * pixels });
}

await mkdir(`${build}tray`, { recursive: true });
const executablePath = findChromium();
const browser = await chromium.launch({
  ...(executablePath === undefined ? {} : { executablePath }),
  chromiumSandbox: process.getuid?.() !== 0,
});
try {
  const page = await browser.newPage();
  for (const { file, drawing, pixels } of pictures) {
    await page.setContent(`<style>body{margin:0}svg{display:block;width:${pixels}px}</style>${svg(drawing)}`);
    await page.locator('svg').screenshot({ path: build + file, omitBackground: true });
  }
} finally {
  await browser.close();
}
console.log(`${pictures.length} icons in build/`);
