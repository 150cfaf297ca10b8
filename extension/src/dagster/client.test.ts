import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { Cancelled } from '../base/errors';
import { DagsterClient, DagsterError, type ClientOptions } from './client';
import { PULSE, VERSION } from './operations';

const SECRET = { authorization: 'Bearer canary' };

async function serve(t: TestContext, handler: http.RequestListener): Promise<string> {
  const server = http.createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const client = (url: string, options: ClientOptions = {}) => new DagsterClient(url, { headers: () => Promise.resolve(SECRET), timeout: 2000, ...options });

async function trouble(work: Promise<unknown>): Promise<DagsterError> {
  try {
    await work;
  } catch (error) {
    assert.ok(error instanceof DagsterError, String(error));
    return error;
  }
  return assert.fail('it went well');
}

test('Dagster is known by its own words, and gets the headers', async (t) => {
  const seen: (string | undefined)[] = [];
  const url = await serve(t, (request, response) => {
    seen.push(request.headers.authorization);
    // HTTP 500 with valid data: read whatever the status
    response.writeHead(request.url === '/graphql' ? 500 : 200, { 'content-type': 'application/json' });
    response.end(request.url === '/server_info' ? '{"dagster_version":"1.13.27"}' : '{"data":{"version":"1.13.27"},"errors":[{"message":"beside the data"}]}');
  });
  assert.equal(await client(`${url}/`).verify(), '1.13.27');
  assert.deepEqual(seen, [SECRET.authorization, SECRET.authorization]);
});

test('nothing listens there', async () => {
  const server = http.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await once(server.close(), 'close');
  const error = await trouble(client(`http://127.0.0.1:${port}`).verify());
  assert.equal(error.trouble, 'unreachable');
  assert.equal(error.message, `Dagster does not answer at http://127.0.0.1:${port} (nothing listens there).`);
});

test('the wrong server on the port', async (t) => {
  for (const [body, words] of [['{"hello":"world"}', /its \/server_info names no version/], ['<html>nginx</html>', /it sent something else than JSON/], ['', /something else than JSON/]] as const) {
    const error = await trouble(client(await serve(t, (_, response) => response.end(body))).verify());
    assert.equal(error.trouble, 'foreign');
    assert.match(error.message, words);
  }
});

test('redirects are not followed, and the other origin never sees a secret', async (t) => {
  const there: http.IncomingHttpHeaders[] = [];
  const other = await serve(t, (request, response) => {
    there.push(request.headers);
    response.end('{}');
  });
  const url = await serve(t, (_, response) => response.writeHead(302, { location: `${other}/login` }).end());
  const error = await trouble(client(url).verify());
  assert.equal(error.trouble, 'redirect');
  assert.ok(error.message.includes(`leads on to ${other}`) && !error.message.includes('canary'));
  assert.deepEqual(there, []);
});

test('401, 403 and an HTML 502', async (t) => {
  for (const [status, kind, words] of [[401, 'refused', /refuses access \(HTTP 401\)/], [403, 'refused', /refuses access \(HTTP 403\)/], [502, 'foreign', /HTTP 502 Bad Gateway/]] as const) {
    const error = await trouble(client(await serve(t, (_, response) => response.writeHead(status).end('<html>no</html>'))).query(VERSION, {}));
    assert.deepEqual([error.trouble, words.test(error.message)], [kind, true], error.message);
    assert.ok(error.remedies.length > 0);
  }
});

test('a body of 100 MB is cut off, and one that never ends too', async (t) => {
  let sent = 0;
  const url = await serve(t, (_, response) => {
    const more = (): void => {
      while (sent < 100e6 && response.write(Buffer.alloc(65_536, 32))) sent += 65_536;
    };
    response.on('drain', more);
    more();
  });
  const large = await trouble(client(url, { timeout: 20_000 }).query(VERSION, {}));
  assert.equal(large.trouble, 'large');
  assert.ok(sent < 40e6, `${sent} bytes were sent`);

  const endless = await serve(t, (_, response) => {
    response.write('{"data":');
    const timer = setInterval(() => response.write(' '), 50);
    response.on('close', () => clearInterval(timer));
  });
  const slow = await trouble(client(endless, { timeout: 400 }).query(VERSION, {}));
  assert.deepEqual([slow.trouble, slow.passing], ['slow', true]);
});

test('a question that Dagster refuses is told in its words; one that is cancelled is no error', async (t) => {
  const url = await serve(t, (_, response) => response.writeHead(400).end('{"errors":[{"message":"Cannot query field \\"x\\""}]}'));
  const error = await trouble(client(url).query(PULSE, { limit: 1 }));
  assert.equal(error.trouble, 'graphql');
  assert.match(error.message, /refuses "Pulse": Cannot query field "x"/);
  await assert.rejects(client(url).query(VERSION, {}, { signal: AbortSignal.abort() }), Cancelled);
});

test('a kept connection that was closed meanwhile is opened again, but what must happen once is not said twice', async (t) => {
  let asked = 0;
  const url = await serve(t, (request, response) => {
    asked++;
    if (asked === 1) request.socket.destroy();
    else response.end('{"data":{"version":"1"}}');
  });
  assert.equal((await client(url).query(VERSION, {})).version, '1');
  asked = 0;
  assert.equal((await trouble(client(url).query(VERSION, {}, { once: true }))).trouble, 'unreachable');
  assert.equal(asked, 1);
});

test('what is no address is said at once', () => {
  assert.throws(() => client('file:///etc/passwd'), /is no address of Dagster/);
  assert.throws(() => client('localhost:3000'), DagsterError);
});
