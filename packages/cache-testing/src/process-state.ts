import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

export type ProcessState = 'running' | 'stopped' | 'gone';

/** What the system says of a process. A zombie is `gone`: it only waits for its parent to ask how it ended. */
export function processState(pid: number): ProcessState {
  switch (stateLetter(pid)) {
    case undefined:
    case 'Z':
    case 'X':
      return 'gone';
    case 'T':
    case 't':
      return 'stopped';
    default:
      return 'running';
  }
}

/** Read from /proc where there is one: slim container images have no `ps`. */
function stateLetter(pid: number): string | undefined {
  try {
    if (!existsSync('/proc/self/stat'))
      return execFileSync('ps', ['-o', 'state=', '-p', String(pid)], { encoding: 'utf8' }).trim()[0];
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat[stat.lastIndexOf(')') + 2]; // the name before it, in brackets, may itself contain brackets
  } catch {
    return undefined; // no such process: /proc has no file, `ps` ends with 1
  }
}
