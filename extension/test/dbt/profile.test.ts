import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { HumanError } from '../../src/base/errors';
import { Profiles, type ProfileOptions } from '../../src/environment/profile';
import type { DbtProject } from '../../src/dbt/types';
import { CHECKOUT, filesWith, hostileFolder, surroundings, write } from './environment';

const CANARY = 'cänary-"$(touch pwned)\'; 4711';
const root = hostileFolder();
after(() => fs.rmSync(root, { recursive: true, force: true }));
const ran: string[] = [];
let target = '';
let schema = '';

write(root, {
  'dbt_project.yml': 'name: shop\nprofile: shop\n',
  'dbt/__init__.py': 'raise RuntimeError("this is no dbt")',
  '.env': 'SHOP_HOST=from-env-file\nSHOP_PASSWORD=\'' + CANARY.replaceAll("'", '') + '\'\n',
  'profiles.yml': `shop:
  target: "{{ env_var('SHOP_TARGET', 'dev') }}"
  outputs:
    dev: {type: postgres, host: "{{ env_var('SHOP_HOST') }}", port: "{{ env_var('SHOP_PORT', '5433') | as_number }}", user: u, pass: "{{ env_var('SHOP_PASSWORD') }}", dbname: d, schema: analytics, sslmode: require}
    missing: {type: postgres, host: "{{ env_var('NOT_SET') }}", port: 1, user: u, password: "{{ env_var('SHOP_PASSWORD') }}", dbname: d, schema: s}
    secret: {type: postgres, host: h, port: 1, user: u, password: "{{ env_var('SECRET_NOT_SET') }}", dbname: d, schema: s}
    wrong: {type: postgres, host: h, port: "{{ env_var('SHOP_PASSWORD') }}", user: u, password: p, dbname: d, schema: s}
    cloud: {type: snowflake, account: a}
`,
});

const project: DbtProject = { root, name: 'shop', profile: 'shop', vars: {}, models: new Map() };
const password = CANARY.replaceAll("'", '');
const options: ProfileOptions = {
  ...surroundings(root, (program, args) => ran.push([program, ...args].join(' '))), script: path.join(CHECKOUT, 'extension/python/attribution_profile.py'),
  profilesDirectory: () => '', target: () => target, onSchema: (_, name) => (schema = name), ran: (program, args) => ran.push([program, ...args].join(' ')),
};
const profiles = new Profiles(options);
const profileRuns = (): number => ran.filter((line) => line.includes('attribution_profile')).length;

/** The error for a target; it never holds the password. */
async function refused(name: string): Promise<HumanError> {
  target = name;
  const error: unknown = await profiles.connection(project).then(() => undefined, (reason: unknown) => reason);
  assert.ok(error instanceof HumanError, String(error));
  assert.ok(!error.message.includes(password), error.message);
  return error;
}

test('dbt resolves variables of .env, the target and aliases; asked twice, dbt runs once', async () => {
  const expected = { host: 'from-env-file', port: 5433, user: 'u', password, dbname: 'd', sslmode: 'require', profile: 'shop', target: 'dev' };
  assert.deepEqual(await Promise.all([profiles.connection(project), profiles.connection(project)]), [expected, expected]);
  assert.deepEqual(await profiles.connection(project), expected);
  assert.equal(schema, 'analytics');
  assert.equal(profileRuns(), 1);
});

test('a half-written packages.yml is nothing to the profile', async () => {
  fs.writeFileSync(path.join(root, 'packages.yml'), 'packages:\n  - package: a/b\n  version: 1\n');
  assert.equal((await new Profiles(options).connection(project)).host, 'from-env-file');
  fs.rmSync(path.join(root, 'packages.yml'));
});

test('a change of .env is seen', async () => {
  fs.appendFileSync(path.join(root, '.env'), 'SHOP_PORT=6000\n');
  assert.equal((await profiles.connection(project)).port, 6000);
});

test('a missing variable, a wrong target, another database, a value of a wrong type: dbt\'s words and what to do', async () => {
  const missing = await refused('missing');
  assert.match(missing.message, /Env var required but not provided: 'NOT_SET'\. Set the variable in the workspace's \.env file\./);
  assert.match((await refused('secret')).message, /Env var required but not provided: 'SECRET_NOT_SET'/);
  const wrong = await refused('nowhere');
  assert.match(wrong.message, /does not have a target named 'nowhere'.*dev.*attribution\.dbt\.target/);
  assert.equal(wrong.remedies[0]?.command, 'workbench.action.openSettings');
  assert.match((await refused('cloud')).message, /database of type snowflake\. Only PostgreSQL/);
  assert.match((await refused('wrong')).message, /a value is not of type/);
  const before = profileRuns();
  await refused('wrong');
  assert.equal(profileRuns(), before, 'a failure is remembered too');
});

test('a half-written profiles.yml is not quoted; a missing one is named with the places to put it', async () => {
  fs.writeFileSync(path.join(root, 'profiles.yml'), `shop:\n  outputs:\n    dev: {password: "${password.replaceAll('"', '')}", [\n`);
  const broken = await refused('');
  assert.match(broken.message, /Syntax error near line \d+/);
  assert.ok(!broken.message.includes('cänary'), broken.message);
  fs.rmSync(path.join(root, 'profiles.yml'));
  const elsewhere = new Profiles({ ...options, profilesDirectory: () => 'conf' });
  await assert.rejects(elsewhere.connection(project), (error: HumanError) => {
    assert.match(error.message, /There is no profiles\.yml in .*conf.*attribution\.dbt\.profilesDirectory/);
    return true;
  });
});

test('the password is in no argument and in no file but those that the user wrote', () => {
  assert.ok(ran.length > 0);
  assert.deepEqual(ran.filter((line) => line.includes('cänary')), []);
  assert.deepEqual(filesWith(root, 'cänary').sort(), ['.env']);
  assert.equal(fs.existsSync(path.join(root, 'pwned')) || fs.existsSync('pwned'), false);
});
