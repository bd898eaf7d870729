import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { visit } from 'unist-util-visit';
import { documents } from '../documents.mjs';
import { capture, root } from '../run.mjs';

/** Inside the package `docs`, whose dependencies are what the blocks may import. Ignored by git. */
const FOLDER = 'docs/.code-blocks';

const CONFIG = {
  extends: '../../tsconfig.base.json',
  compilerOptions: { moduleDetection: 'force', noUnusedLocals: false, noUnusedParameters: false },
  include: ['../*.d.ts'], // may declare what the blocks take for granted: a `db`, an `app`
};

/**
 * Type-checks every `ts` block of the documents against the sources, each block as a module of its own. A block may opt
 * out, with a reason: "```ts no-check: an older version".
 */
export async function checkCodeBlocks() {
  const blocks = (await documents()).flatMap(({ path, tree }) => blocksOf(path, tree));
  const withoutReason = blocks.filter(({ unchecked }) => unchecked === '');
  const problems = withoutReason
    .map(({ path, line }) => `${path}:${line}: no-check needs a reason after it\n`)
    .join('');

  const checked = blocks.filter(({ unchecked }) => unchecked === undefined);
  if (checked.length === 0) return { ok: problems === '', output: problems };
  rmSync(join(root, FOLDER), { recursive: true, force: true });
  for (const block of checked) write(fileOf(block), moduleOf(block));
  write('tsconfig.json', JSON.stringify({ ...CONFIG, files: checked.map(fileOf) }));
  const { ok, output } = await capture('tsc', ['--noEmit', '--project', FOLDER]);
  return {
    ok: ok && problems === '',
    output: problems + output.replaceAll(/^docs\/\.code-blocks\/(.+)\/\d+\.ts/gm, '$1'),
  };
}

/**
 * @param {string} path
 * @param {import('../documents.mjs').Tree} tree
 */
function blocksOf(path, tree) {
  /** @type {{ path: string, line: number, code: string, unchecked: string | undefined }[]} */
  const found = [];
  visit(tree, 'code', ({ lang, meta, value, position }) => {
    if (lang !== 'ts' && lang !== 'typescript') return;
    const unchecked = /^no-check\b\W*(.*)$/.exec(meta ?? '')?.[1];
    found.push({ path, line: position?.start.line ?? 0, code: value, unchecked });
  });
  return found;
}

function fileOf(/** @type {{ path: string, line: number }} */ { path, line }) {
  return `${path}/${line}.ts`;
}

/** As many empty lines first as the document has, so that the compiler reports the document's line numbers. */
function moduleOf(/** @type {{ line: number, code: string }} */ { line, code }) {
  return '\n'.repeat(line) + code;
}

/**
 * @param {string} path
 * @param {string} text
 */
function write(path, text) {
  const file = join(root, FOLDER, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
