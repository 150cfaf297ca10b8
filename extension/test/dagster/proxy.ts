/** A proxy in front of Dagster that lets HTTP through and drops every websocket soon after it opened. */
import http from 'node:http';
import net from 'node:net';

export interface CuttingProxy {
  url: string;
  dropped: () => number;
  close: () => Promise<void>;
}

export async function cuttingProxy(target: string, milliseconds = 60): Promise<CuttingProxy> {
  const { hostname, port } = new URL(target);
  let dropped = 0;
  const open = new Set<net.Socket>();
  const server = http.createServer((request, response) => {
    const onward = http.request({ hostname, port, path: request.url, method: request.method, headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  server.on('upgrade', (request, socket: net.Socket, head) => {
    const onward = net.connect(Number(port), hostname, () => {
      const headers = Object.entries(request.headers).map(([name, value]) => `${name}: ${String(value)}`);
      onward.write(`${request.method ?? 'GET'} ${request.url ?? '/'} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`);
      onward.write(head);
      onward.pipe(socket).pipe(onward);
      setTimeout(() => {
        dropped++;
        socket.destroy();
        onward.destroy();
      }, milliseconds);
    });
    for (const each of [socket, onward]) {
      open.add(each);
      each.on('error', () => each.destroy());
      each.on('close', () => open.delete(each));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    dropped: () => dropped,
    close: () => new Promise((resolve) => {
      for (const each of open) each.destroy();
      server.closeAllConnections();
      server.close(() => resolve());
    }),
  };
}
