import type { Database } from '../database.ts';

export interface Held {
  /** Resolves once the database has answered: what the caller will get is decided, but he has not got it yet. */
  readonly answered: Promise<void>;
  release(): void;
}

export interface HoldableDatabase extends Database {
  /** Holds back the answer to the next statement. */
  holdNext(): Held;
}

/** Makes a race happen on purpose: an answer that travels so slowly that the row has changed when it arrives. */
export function holdable(database: Database): HoldableDatabase {
  let hold: { answer(): void; released: Promise<void> } | undefined;
  return {
    description: database.description,
    close: () => database.close(),
    async query<Row extends object>(sql: string, parameters?: readonly unknown[]): Promise<Row[]> {
      const mine = hold;
      hold = undefined;
      const rows = await database.query<Row>(sql, parameters);
      mine?.answer();
      await mine?.released;
      return rows;
    },
    holdNext() {
      const [answered, answer] = gate();
      const [released, release] = gate();
      hold = { answer, released };
      return { answered, release };
    },
  };
}

function gate(): [opened: Promise<void>, open: () => void] {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return [opened, open];
}
