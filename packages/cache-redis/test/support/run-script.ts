import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface ScriptEnd {
  /** `null`: it had to be ended after 20 s. */
  readonly code: number | null;
  readonly output: string;
}

/** Runs a script of `scripts/` in a process of its own until it ends. */
export async function runScript(name: string, env: Readonly<Record<string, string>> = {}): Promise<ScriptEnd> {
  const script = fileURLToPath(new URL(`scripts/${name}.ts`, import.meta.url));
  const child = spawn(process.execPath, ['--conditions=@huntly/source', '--import', 'tsx', script], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '', ...env },
    timeout: 20_000,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => {
      output += String(text);
    });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, output };
}
