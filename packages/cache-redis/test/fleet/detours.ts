import { Redis } from 'ioredis';

/**
 * From here on duplicates of a client, which are what announcements travel on, connect to other ports: so that a test can
 * harm them alone. For a process of its own: it changes the class.
 */
export function detourDuplicates(ports: ReadonlyMap<number, number>): void {
  const duplicate = Redis.prototype.duplicate;
  Redis.prototype.duplicate = function (override) {
    const port = ports.get(this.options.port ?? 0);
    if (port === undefined) throw new Error(`there is no detour for the port ${this.options.port}`);
    return duplicate.call(this, { ...override, port });
  };
}
