import net from 'node:net';
import { PostgresWarehouse } from '../../src/warehouse/postgres';
import { stackCredentials, type Credentials } from '../../src/warehouse/role';
import type { Connection } from '../../src/dbt/types';
import { testPlace } from '../servers';

/** A warehouse on a test's database, as the stack's preview role unless other credentials are given. @param timeout seconds */
export async function warehouseOn(connection: Connection, { timeout = 30, credentials }: { timeout?: number; credentials?: () => Credentials | undefined } = {}): Promise<PostgresWarehouse> {
  const { local } = await testPlace();
  return new PostgresWarehouse({
    connection: () => Promise.resolve(connection),
    previewCredentials: credentials ?? ((where) => stackCredentials(local, where)),
    timeout: { value: timeout, onDidChange: () => ({ dispose: () => {} }) },
    schemaPrefix: () => '',
  });
}

/** A way to the server whose answers to questions with a word in them are kept back until they are let through. */
export async function slowWay(port: number, word: string): Promise<{ port: number; keeps: () => number; letThrough: () => void; close: () => void }> {
  let open = false;
  const kept: (() => void)[] = [];
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    const onward = net.connect(port, '127.0.0.1');
    let asked = false;
    socket.on('data', (data) => {
      asked ||= data.includes(word);
      onward.write(data);
    });
    onward.on('data', (data) => {
      if (asked && !open) kept.push(() => socket.write(data));
      else socket.write(data);
    });
    for (const [one, other] of [[socket, onward], [onward, socket]] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as net.AddressInfo).port, keeps: () => kept.length,
    letThrough: () => {
      open = true;
      for (const send of kept.splice(0)) send();
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
