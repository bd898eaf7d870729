import { defineConfig } from 'tsup';

/**
 * What a published package builds from its entries: ES modules and CommonJS, each with types of its own.
 *
 * Two entries share their common code in the ES modules only. In CommonJS each has a copy: tsup's `splitting` would send
 * that build through a second compiler, which rewrites class fields into slow calls. So nothing may depend on state of a
 * module, or on `instanceof`, across two entries.
 */
export function publishedBuild(entry: Record<string, string>): ReturnType<typeof defineConfig> {
  return defineConfig({
    entry,
    format: ['esm', 'cjs'],
    target: 'node20',
    dts: true,
    shims: true, // `import.meta.url` in the CommonJS build
    sourcemap: true,
    clean: true,
  });
}
