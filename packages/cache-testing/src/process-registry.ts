import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processState } from './process-state.ts';

/**
 * Sees to it that no server outlives the process that started it, however that process ends:
 *
 * - it ends by itself (also by an uncaught error): an `exit` handler kills the servers at once;
 * - a signal ends it, SIGKILL included: a shell, the watchdog, waits for the end of a pipe that only this process holds
 *   open, and then sweeps. No signal is handled here, so a test runner's own handling stays as it is;
 * - the watchdog died too: the next process that starts a server sweeps what it finds.
 *
 * The register is a folder of this process, `huntly-redis-<pid>-…`, with one folder a server; each server writes its own
 * pid file there and has the folder in its command line.
 */
export interface ProcessRegistry {
  readonly folder: string;
  readonly watchdogPid: number;
  /** A new folder for one server, whose pid file has to be `redis.pid`. */
  serverFolder(): string;
  /** Names a server to be killed when this process exits. */
  track(server: ChildProcess): void;
}

/**
 * Kills the servers of a folder, then removes it. A pid may long belong to someone else: only a process whose command line
 * contains the folder is killed.
 */
const SWEEP = `
sweep() {
  for file in "$1"/*/redis.pid; do
    pid=
    [ -f "$file" ] && read -r pid <"$file"
    case $pid in '' | *[!0-9]*) continue ;; esac
    if [ -d /proc/self ]; then command=$(tr '\\0' ' ' <"/proc/$pid/cmdline"); else command=$(ps -ww -o args= -p "$pid"); fi
    case $command in *"$1/"*) kill -9 "$pid" ;; esac
  done
  rm -rf "$1" || { sleep 1; rm -rf "$1"; }
}`;

/** Waits a second before it sweeps: a server that was started in the last moment has written its pid file by then. */
const WATCHDOG = `trap '' HUP INT TERM; ${SWEEP}
cat >/dev/null
sleep 1
sweep "$1"`;

let registry: ProcessRegistry | undefined;

/** The register of this process: opened, after sweeping up behind dead ones, when the first server is started. */
export function processRegistry(): ProcessRegistry {
  registry ??= openRegistry();
  return registry;
}

function openRegistry(): ProcessRegistry {
  for (const folder of abandonedFolders())
    spawnSync('/bin/sh', ['-c', `${SWEEP}\nsweep "$1"`, 'sweep', folder], { stdio: 'ignore' });

  const folder = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`));
  // Detached, for Ctrl-C reaches every process of the terminal's group; the pipe says all it needs to know.
  const watchdog = spawn('/bin/sh', ['-c', WATCHDOG, 'huntly-redis-watchdog', folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  if (watchdog.pid === undefined)
    throw new Error('cannot start /bin/sh, which stops Redis servers when a test process dies');
  watchdog.unref();

  const servers = new Set<ChildProcess>();
  process.once('exit', () => {
    for (const server of servers) server.kill('SIGKILL');
  });
  return {
    folder,
    watchdogPid: watchdog.pid,
    serverFolder: () => mkdtempSync(join(folder, 'server-')),
    track(server) {
      servers.add(server);
      server.once('exit', () => servers.delete(server));
    },
  };
}

const PREFIX = 'huntly-redis-';

function abandonedFolders(): string[] {
  return readdirSync(tmpdir()).flatMap((name) => {
    const owner = name.startsWith(PREFIX) ? Number.parseInt(name.slice(PREFIX.length), 10) : Number.NaN;
    if (Number.isNaN(owner) || processState(owner) !== 'gone') return [];
    const folder = join(tmpdir(), name);
    return statSync(folder, { throwIfNoEntry: false })?.uid === process.getuid?.() ? [folder] : [];
  });
}
