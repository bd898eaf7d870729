/** How the tour looks: at most 88 columns, plain text, the same in a pipe and in a terminal. */
const WIDTH = 88;

export function heading(text: string): void {
  console.log(`\n${text}\n${'─'.repeat(WIDTH)}`);
}

export function line(text = ''): void {
  console.log(`  ${text}`.trimEnd());
}

/** Names in a column of 22, numbers in columns of 10. */
export function table(rows: readonly (readonly string[])[]): void {
  for (const [name = '', ...numbers] of rows) {
    line(name.padEnd(22) + numbers.map((number) => number.padStart(10)).join(''));
  }
}

export function milliseconds(ms: number): string {
  return ms >= 1_000 ? `${(ms / 1_000).toFixed(1)} s` : `${ms.toFixed(ms < 10 ? 2 : 1)} ms`;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
