/** A search for secrets in whatever might have kept one. */
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** How session tokens of STS begin, so that one is found that the search was not told of. */
const anyToken = 'IQoJb3JpZ2luX2Vj';

/**
 * Where any of `secrets` stands: paths below `folder`, and names of `texts`. Each is looked for as it is and as
 * programs write it down: in Base64 at any offset, in hex, in a URL, in JSON and in UTF-16, as heaps hold text.
 */
export async function search(where: {
  folder: string;
  texts: Record<string, string>;
  secrets: readonly string[];
}): Promise<string[]> {
  const needles = [...where.secrets, anyToken].flatMap(spellings);
  const isFound = (hay: Buffer): boolean => needles.some((needle) => hay.includes(needle));
  const found = Object.entries(where.texts).filter(([, text]) => isFound(Buffer.from(text)));
  const names = found.map(([name]) => name);
  for (const entry of await readdir(where.folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    if (isFound(await readFile(path))) names.push(relative(where.folder, path));
  }
  return names;
}

function spellings(secret: string): Buffer[] {
  const bytes = Buffer.from(secret);
  return [
    bytes,
    Buffer.from(secret, 'utf16le'),
    ...[
      bytes.toString('hex'),
      encodeURIComponent(secret),
      JSON.stringify(secret).slice(1, -1).replaceAll('/', '\\/'),
      // Three bytes make four characters, so text before the secret shifts it by 0, 1 or 2 bytes; the
      // characters at both ends depend on the neighbours and are cut.
      ...[0, 1, 2].map((shift) => {
        const encoded = Buffer.concat([Buffer.alloc(shift), bytes])
          .toString('base64')
          .replace(/=+$/, '');
        return encoded.slice(Math.ceil((shift * 4) / 3), -1);
      }),
    ].map((text) => Buffer.from(text)),
  ];
}
