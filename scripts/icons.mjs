/**
 * Draws the icons of build/ again: `node scripts/icons.mjs`. Needed only when a drawing here changes; the
 * PNG files are committed. The Chromium of the interface's tests renders them.
 *
 * The tray's icons come twice: in colour, on a badge of their own since a panel may be light or dark, and
 * for macOS as templates, black on nothing, which the menu bar recolours by itself.
 */
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from '@playwright/test';
import { findChromium } from './find-chromium.mjs';

const build = fileURLToPath(new URL('../build/', import.meta.url));

/** A key lying on a 32 by 32 grid: the bow with its hole, the shaft, two bits. */
const key =
  'M11 8.5a7.5 7.5 0 1 0 7.2 9.6h2.6v4.4h3.6v-4.4h1.6v3.2h3.4v-7h-11.2A7.5 7.5 0 0 0 11 8.5Z' +
  'm-1.6 5a2.6 2.6 0 1 1 0 5.2 2.6 2.6 0 0 1 0-5.2Z';
/** A closed padlock with its keyhole. */
const padlock =
  'M9.5 14v-3.2a6.5 6.5 0 0 1 13 0V14h1a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2h-15a2 2 0 0 1-2-2v-9a2 2 0 0 1 2-2Z' +
  'm3.4 0h6.2v-3.2a3.1 3.1 0 0 0-6.2 0Zm3.1 3.6a2 2 0 0 0-1.1 3.7v2.5h2.2v-2.5a2 2 0 0 0-1.1-3.7Z';

/** @param {string} content @param {number} size the grid's width and height */
const svg = (content, size = 32) =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}">${content}</svg>`;

/** @param {string} colour @param {string} glyph */
const badge = (colour, glyph) =>
  `<rect x="1" y="1" width="30" height="30" rx="8" fill="${colour}"/>` +
  `<path fill="#fff" fill-rule="evenodd" transform="translate(3.4 3.1) scale(.8)" d="${glyph}"/>`;
/** @param {string} glyph */
const template = (glyph) => `<path fill-rule="evenodd" d="${glyph}"/>`;
/** @param {string} colour */
const dot = (colour) => `<circle cx="25" cy="7" r="6" fill="${colour}" stroke="#fff" stroke-width="2"/>`;

const trayDrawings = {
  idle: svg(badge('#6b7280', key)),
  active: svg(badge('#0f766e', key)),
  attention: svg(badge('#b45309', key) + dot('#ef4444')),
  locked: svg(badge('#475569', padlock)),
  idleTemplate: svg(`<g opacity=".55">${template(key)}</g>`),
  activeTemplate: svg(template(key)),
  attentionTemplate: svg(`${template(key)}<circle cx="25.5" cy="6.5" r="5"/>`),
  lockedTemplate: svg(template(padlock)),
};

const appDrawing = svg(
  '<defs><linearGradient id="door" x1="0" y1="0" x2="0" y2="1">' +
    '<stop offset="0" stop-color="#14937f"/><stop offset="1" stop-color="#0b4f4a"/></linearGradient></defs>' +
    '<rect x="2" y="2" width="28" height="28" rx="6.5" fill="url(#door)"/>' +
    `<path fill="#fdf6e3" fill-rule="evenodd" transform="translate(3.4 3.1) scale(.8)" d="${key}"/>`,
);

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
    await page.setContent(`<style>body{margin:0}svg{display:block;width:${pixels}px}</style>${drawing}`);
    await page.locator('svg').screenshot({ path: build + file, omitBackground: true });
  }
} finally {
  await browser.close();
}
console.log(`${pictures.length} icons in build/`);
