/** The role that the extension reads with, in the servers that the stack starts: it can log in and select, nothing else. */
import crypto from 'node:crypto';
import path from 'node:path';
import { readJson, replaceFile } from './files.mjs';

export const PREVIEW_ROLE = 'attribution_preview';

/** Where its password is, mode 0600. @param {import('./paths.mjs').Place} place */
export const previewFile = (place) => path.join(place.local, 'preview.json');

/**
 * Creates the role where it is missing, and gives it back its password where the file knows another one or none.
 * dbt replaces tables by create and rename, so grants on tables would be lost: it reads by `pg_read_all_data`.
 * @param {import('pg').Client} client a superuser's
 * @param {string} file
 */
export async function providePreviewRole(client, file) {
  const known = readJson(file)?.password;
  const { rows } = await client.query('select rolpassword from pg_authid where rolname = $1', [PREVIEW_ROLE]);
  if (known && rows[0]?.rolpassword && verifies(rows[0].rolpassword, known)) return;
  const password = known ?? crypto.randomBytes(24).toString('base64url');
  // The server is given a verifier, so that the password itself is in no statement that it might log
  const login = `login password '${verifierOf(password)}'`;
  const limits = 'nosuperuser nocreatedb nocreaterole noreplication nobypassrls inherit connection limit 50';
  await client.query(`${rows.length === 0 ? 'create' : 'alter'} role ${PREVIEW_ROLE} ${login} ${limits}`);
  await client.query(`grant pg_read_all_data to ${PREVIEW_ROLE}`);
  await client.query(`alter role ${PREVIEW_ROLE} set default_transaction_read_only = on`);
  await client.query(`alter role ${PREVIEW_ROLE} set idle_in_transaction_session_timeout = '60s'`);
  replaceFile(file, `${JSON.stringify({ user: PREVIEW_ROLE, password }, null, 2)}\n`);
}

// ---- SCRAM-SHA-256 as PostgreSQL stores it (RFC 5803); our passwords are ASCII, so there is nothing to normalise

const hmac = (key, text) => crypto.createHmac('sha256', key).update(text).digest();

function verifierOf(password, salt = crypto.randomBytes(16), iterations = 4096) {
  const salted = crypto.pbkdf2Sync(password, salt, iterations, 32, 'sha256');
  const stored = crypto.createHash('sha256').update(hmac(salted, 'Client Key')).digest('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${stored}:${hmac(salted, 'Server Key').toString('base64')}`;
}

function verifies(verifier, password) {
  const found = /^SCRAM-SHA-256\$(\d+):([^$]+)\$/.exec(verifier);
  return found !== null && verifierOf(password, Buffer.from(found[2], 'base64'), Number(found[1])) === verifier;
}
