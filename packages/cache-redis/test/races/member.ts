/** One process of the races: run by `startFleet`. */
import { type HistoryEvent, serveFleet } from '@huntly/cache-testing';
import { type Evicted, Evictor } from './evictor.ts';
import type { Opening } from './plan.ts';
import { Racer, type RacerReport } from './racer.ts';

export interface RaceCommands {
  open(opening: Opening): Promise<void>;
  /** Both go on until `end`. */
  read(): Promise<void>;
  evict(target: { url: string; namespace: string; seed: number }): Promise<Evicted>;
  end(): void;
  write(rounds: number): Promise<void>;
  close(): Promise<RacerReport>;
}

serveFleet<RaceCommands, HistoryEvent>(({ index, emit }) => {
  let racer: Racer | undefined;
  let evictor: Evictor | undefined;
  const opened = (): Racer => {
    if (!racer) throw new Error('there is no race to take part in: "open" comes first');
    return racer;
  };
  return {
    async open(opening) {
      racer = await Racer.open(opening, index, emit);
    },
    read: () => opened().read(),
    evict(target) {
      evictor = new Evictor(target);
      return evictor.run();
    },
    end() {
      racer?.end();
      evictor?.end();
    },
    write: (rounds) => opened().write(rounds),
    close: () => opened().close(),
  };
});
