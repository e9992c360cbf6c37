/** PNG files of a few tens of kilobytes out of pixels: each in a palette, since an interface has few colours. */
import { crc32, deflateSync } from 'node:zlib';

/** What a palette holds. */
const paletteMaximum = 256;

/**
 * A picture whose pixels are opaque, as a PNG file. Of more than 256 colours the rarest become the nearest of the
 * others: they are shades at the edges of letters.
 * @param {Uint8Array} pixels red, green, blue and alpha of each, from the top left
 * @param {number} width
 * @param {number} height
 */
export function smallPng(pixels, width, height) {
  const colours = coloursOf(pixels);
  const palette = [...colours]
    .sort(([, one], [, other]) => other - one)
    .slice(0, paletteMaximum)
    .map(([colour]) => colour);
  /** @type {Map<number, number>} */
  const places = new Map(palette.map((colour, place) => [colour, place]));
  for (const colour of colours.keys()) {
    if (!places.has(colour)) places.set(colour, nearest(palette, colour));
  }
  // Each line begins with the number of its filter, here none: in a palette neighbours are not alike.
  const lines = Buffer.alloc((width + 1) * height);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const place = places.get(colourAt(pixels, pixel)) ?? 0;
    lines[pixel + Math.floor(pixel / width) + 1] = place;
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3], 8); // 8 bits each, in a palette
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('PLTE', Buffer.from(palette.flatMap(partsOf))),
    chunk('IDAT', deflateSync(lines, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** @param {Uint8Array} pixels @returns {Map<number, number>} how often each colour is there */
function coloursOf(pixels) {
  const colours = new Map();
  for (let pixel = 0; pixel < pixels.length / 4; pixel++) {
    const colour = colourAt(pixels, pixel);
    colours.set(colour, (colours.get(colour) ?? 0) + 1);
  }
  return colours;
}

/** @param {Uint8Array} pixels @param {number} pixel */
function colourAt(pixels, pixel) {
  const [red = 0, green = 0, blue = 0] = pixels.subarray(pixel * 4, pixel * 4 + 3);
  return red * 0x10000 + green * 0x100 + blue;
}

/** @param {number} colour */
function partsOf(colour) {
  return [(colour >> 16) & 0xff, (colour >> 8) & 0xff, colour & 0xff];
}

/** @param {readonly number[]} palette @param {number} colour the place of what is nearest to it */
function nearest(palette, colour) {
  const [red = 0, green = 0, blue = 0] = partsOf(colour);
  let best = 0;
  let least = Infinity;
  for (const [place, candidate] of palette.entries()) {
    const [otherRed = 0, otherGreen = 0, otherBlue = 0] = partsOf(candidate);
    const distance = (red - otherRed) ** 2 + (green - otherGreen) ** 2 + (blue - otherBlue) ** 2;
    if (distance >= least) continue;
    least = distance;
    best = place;
  }
  return best;
}

/** @param {string} name @param {Buffer} content */
function chunk(name, content) {
  const named = Buffer.concat([Buffer.from(name, 'latin1'), content]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(content.length, 0);
  frame.writeUInt32BE(crc32(named), 4);
  return Buffer.concat([frame.subarray(0, 4), named, frame.subarray(4)]);
}
