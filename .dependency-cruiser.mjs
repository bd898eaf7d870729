// Which way imports may run. Folders are layers: the words are those of CONTRIBUTING.md.

const core = '^packages/cache-core/src';

/**
 * A layer of cache-core may import itself, what is listed, and the files beside `index.ts`.
 * @param {string} layer
 * @param {string[]} below
 * @returns {import('dependency-cruiser').IForbiddenRuleType}
 */
function layer(layer, below) {
  return {
    name: `cache-core: ${layer} may import ${below.join(', ') || 'no other folder'}`,
    severity: 'error',
    from: { path: `${core}/${layer}/` },
    to: {
      path: [`${core}/[^/]+/`, `${core}/index\\.ts$`],
      pathNot: [layer, ...below].map((name) => `${core}/${name}/`),
    },
  };
}

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-circle',
      comment: 'Also through types: whoever reads one file should not have to read them all.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'resolvable',
      comment: 'An import that leads nowhere would escape the rules below.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },

    layer('keys', []),
    layer('codec', ['keys']),
    layer('store', ['keys']),
    layer('observe', ['keys', 'store']),
    layer('config', ['keys', 'codec', 'observe']),
    layer('engine', ['keys', 'codec', 'observe', 'config', 'store']),
    layer('manager', ['keys', 'codec', 'observe', 'config', 'store', 'engine']),
    {
      name: 'cache-core: files beside index.ts may import no folder',
      comment: 'The clock and the errors lie below every layer.',
      severity: 'error',
      from: { path: `${core}/[^/]+\\.ts$`, pathNot: `${core}/index\\.ts$` },
      to: { path: [`${core}/[^/]+/`, `${core}/index\\.ts$`] },
    },
    {
      name: 'cache-core: only tests may import testing',
      severity: 'error',
      from: { path: core, pathNot: `${core}/testing/` },
      to: { path: `${core}/testing/` },
    },
    {
      name: 'cache-core may import no sibling, no Redis, no Express',
      severity: 'error',
      from: { path: '^packages/cache-core/' },
      to: { path: ['^packages/(?!cache-core/)', 'node_modules/(ioredis|redis|express)(/|$)', '^@huntly/'] },
    },

    {
      name: 'redis, decorators and express may import no sibling but core',
      severity: 'error',
      from: { path: '^packages/(cache-redis|cache-decorators|cache-express)/src/' },
      to: { path: '^packages/', pathNot: ['^packages/$1/', '^packages/cache-core/'] },
    },
    {
      name: 'published sources may not import test tools',
      severity: 'error',
      from: { path: '^packages/[^/]+/src/', pathNot: '^packages/cache-testing/' },
      to: { path: ['^packages/cache-testing/', '/test/'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: ['/dist/', '\\.config\\.ts$'] },
    tsPreCompilationDeps: true, // types count too
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@huntly/source', 'import', 'require', 'node', 'types', 'default'],
      extensions: ['.ts', '.js', '.d.ts'],
    },
  },
};
