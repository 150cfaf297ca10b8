/** The language server's process: `node dist/language-server.js --stdio`. Needs no VS Code and no configuration. */
import { createConnection } from 'vscode-languageserver/node';
import { LanguageServer } from './server/server';
import { FEATURES } from './server/wiring';

const connection = createConnection();
new LanguageServer(connection, FEATURES);
// Whatever goes wrong in one place, the others go on
process.on('uncaughtException', (error) => connection.console.error(`Unexpected: ${error.stack ?? error.message}`));
process.on('unhandledRejection', (error) => connection.console.error(`Unexpected: ${String(error)}`));
connection.listen();
