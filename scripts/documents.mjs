// The Markdown documents of the repository, as syntax trees.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import remarkGfm from 'remark-gfm';
import remarkParse from 'remark-parse';
import { unified } from 'unified';
import { capture, root } from './run.mjs';

const parser = unified().use(remarkParse).use(remarkGfm);

/** @typedef {ReturnType<typeof parser.parse>} Tree */

/**
 * All of them, except changelogs: those speak of earlier versions.
 * @returns {Promise<{ path: string, tree: Tree }[]>} `path` is relative to the root
 */
export async function documents() {
  const { ok, stdout, output } = await capture('git', [
    'ls-files',
    '--cached',
    '--others',
    '--exclude-standard',
    '*.md',
  ]);
  if (!ok) throw new Error(`git ls-files failed:\n${output}`);
  return stdout
    .split('\n')
    .filter((path) => path.endsWith('.md') && !path.endsWith('CHANGELOG.md') && existsSync(join(root, path)))
    .map((path) => ({ path, tree: parser.parse(readFileSync(join(root, path), 'utf8')) }));
}
