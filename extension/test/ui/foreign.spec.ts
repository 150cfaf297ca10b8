/** A server that is not the stack's: whose role reads is said, and a role of its own can be given. */
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { expect, test } from './fixtures';

interface Server { readonly host: string; readonly port: number; readonly user: string; readonly password: string; readonly dbname: string }

const json = (file: string): unknown => JSON.parse(fs.readFileSync(file, 'utf8'));

/** Another address of the same server, which the stack does not know. */
async function forward({ host, port }: Server): Promise<{ port: number; close: () => void }> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((from) => {
    const to = net.connect(port, host);
    for (const socket of [from, to]) sockets.add(socket.on('error', () => {}));
    from.pipe(to).pipe(from);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as net.AddressInfo).port,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

test('the view says that the profile\'s own role reads, shows the SQL of another, and takes its password', async ({ workbench }) => {
  const { folder } = workbench;
  const server = json(path.join(folder, '.local', 'connection.json')) as Server;
  const { password } = json(path.join(folder, '.local', 'preview.json')) as { password: string };
  const foreign = await forward(server);
  const profiles = path.join(folder, '.local', 'foreign');
  fs.mkdirSync(profiles, { recursive: true, mode: 0o700 });
  const profile = (words: string): void => fs.writeFileSync(path.join(profiles, 'profiles.yml'), [
    'attribution:', '  target: dev', '  outputs:', '    dev:', '      type: postgres', '      host: 127.0.0.1', `      port: ${foreign.port}`, `      user: ${server.user}`, `      dbname: ${server.dbname}`, '      schema: attribution',
    `      password: ${words}`, '',
  ].join('\n'), { mode: 0o600 });
  const env = path.join(folder, '.env');
  try {
    // A variable that is not set, then one that is empty: each says what to do
    profile('"{{ env_var(\'FOREIGN_PASSWORD\') }}"');
    workbench.settings({ 'attribution.dbt.profilesDirectory': profiles });
    await workbench.command('Attribution: Preview Rows');
    await workbench.pick(/^first_touch_attribution/);
    const frame = await workbench.webview(/^first_touch_attribution$/);
    // Whenever the window has noticed its settings
    await expect(async () => {
      await frame.getByRole('button', { name: /^(Refresh|Try Again)$/ }).first().click({ timeout: 3000 });
      await expect(frame.locator('.state')).toContainText('Env var required but not provided: \'FOREIGN_PASSWORD\'', { timeout: 15_000 });
    }).toPass({ timeout: 90_000 });
    await expect(frame.locator('.state')).toContainText('Set the variable in the workspace\'s .env file.');
    profile('""');
    await frame.getByRole('button', { name: 'Try Again' }).click();
    await expect(frame.locator('.state')).toContainText('asks for a password, and dbt\'s profile gives none');
    profile('"{{ env_var(\'FOREIGN_PASSWORD\') }}"');
    fs.writeFileSync(env, `FOREIGN_PASSWORD=${server.password}\n`, { mode: 0o600 });
    await frame.getByRole('button', { name: 'Try Again' }).click();

    // The profile's role reads, and it is said
    await expect(frame.locator('.count')).toHaveText('26 rows');
    const note = frame.getByRole('complementary', { name: 'How the database is read' });
    await expect(note).toContainText(`read-only transactions of ${server.user}, the role of your dbt profile on 127.0.0.1:${foreign.port}`);
    expect(await workbench.axe(frame)).toEqual([]);
    await note.getByRole('button', { name: 'Show SQL' }).click();
    await expect(workbench.page.locator('.editor-group-container .view-lines').last()).toContainText(/create\s+role\s+attribution_preview\s+login/);
    await workbench.shoot('foreign');
    await workbench.command('View: Revert and Close Editor');

    // A wrong password is said and not kept; the right one is asked for once
    const enter = async (typed: string): Promise<void> => {
      await note.getByRole('button', { name: 'Enter Password' }).click();
      const box = workbench.quickInput.locator('input[type=password]');
      await expect(workbench.quickInput).toContainText('Password of attribution_preview on 127.0.0.1');
      await box.fill(typed);
      await box.press('Enter');
    };
    await enter('wrong');
    await expect(workbench.notification('does not let attribution_preview in with this password')).toBeVisible();
    await expect(note).toBeVisible();
    await enter(password);
    await expect(note).toBeHidden();
    await expect(frame.locator('.count')).toHaveText('26 rows');
    await expect(workbench.page.locator('.statusbar-item [aria-label*="by the SELECT-only preview role"], .statusbar-item[aria-label*="by the SELECT-only preview role"]').first()).toBeVisible();
  } finally {
    foreign.close();
    fs.rmSync(env, { force: true });
    fs.rmSync(profiles, { recursive: true });
  }
});
