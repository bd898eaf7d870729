import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import GithubSlugger from 'github-slugger';
import { toString as textOf } from 'mdast-util-to-string';
import { visit } from 'unist-util-visit';
import { documents } from '../documents.mjs';
import { root } from '../run.mjs';

/** Every relative link leads to a file of the repository, and every `#anchor` to a heading of its document. */
export async function checkLinks() {
  const all = await documents();
  const anchors = new Map(all.map(({ path, tree }) => [path, anchorsOf(tree)]));
  const broken = all.flatMap(({ path, tree }) =>
    linksOf(tree).flatMap(({ url, line }) => {
      const reason = whyBroken(path, url, anchors);
      return reason === undefined ? [] : [`${path}:${line}: ${url}: ${reason}`];
    }),
  );
  return { ok: broken.length === 0, output: broken.join('\n') };
}

/**
 * @param {string} from
 * @param {string} url
 * @param {Map<string, Set<string>>} anchors
 */
function whyBroken(from, url, anchors) {
  if (URL.canParse(url) || url.startsWith('//')) return undefined; // another site
  const [path = '', anchor] = decodeURI(url).split('#');
  if (path.startsWith('/')) return 'write links relative to the document';
  const target = path === '' ? from : posix.join(posix.dirname(from), path);
  if (target.startsWith('..')) return 'leads out of the repository';
  if (!existsSync(join(root, target))) return 'no such file';
  if (anchor === undefined) return undefined;
  const known = anchors.get(target);
  if (known === undefined) return 'only Markdown documents have anchors';
  return known.has(anchor) ? undefined : 'no such heading';
}

/** The anchors that GitHub gives to headings, and ids written as HTML. */
function anchorsOf(/** @type {import('../documents.mjs').Tree} */ tree) {
  const slugger = new GithubSlugger();
  const found = new Set();
  visit(tree, (node) => {
    if (node.type === 'heading') found.add(slugger.slug(textOf(node)));
    if (node.type === 'html') {
      for (const [, id] of node.value.matchAll(/\s(?:id|name)="([^"]+)"/g)) found.add(id);
    }
  });
  return found;
}

function linksOf(/** @type {import('../documents.mjs').Tree} */ tree) {
  /** @type {{ url: string, line: number | undefined }[]} */
  const found = [];
  visit(tree, (node) => {
    const line = node.position?.start.line;
    if (node.type === 'link' || node.type === 'image' || node.type === 'definition')
      found.push({ url: node.url, line });
    if (node.type === 'html') {
      for (const [, url = ''] of node.value.matchAll(/\s(?:href|src)="([^"]+)"/g)) found.push({ url, line });
    }
  });
  return found;
}
