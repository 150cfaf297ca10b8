/** The language server's process: `node dist/language-server.js --stdio`. Needs no VS Code and no configuration. */
import { setFlagsFromString } from 'node:v8';
import { createConnection } from 'vscode-languageserver/node';
import { LanguageServer } from './server/server';
import { FEATURES } from './server/wiring';

// What is young here is mostly garbage of one request: room for more of it is only memory
setFlagsFromString('--semi-space-growth-factor=1');
// Its heap doubles otherwise before anything is collected: most of that would be garbage of answers
setFlagsFromString('--heap-growing-percent=30');

const connection = createConnection();
new LanguageServer(connection, FEATURES);
// Whatever goes wrong in one place, the others go on
process.on('uncaughtException', (error) => connection.console.error(`Unexpected: ${error.stack ?? error.message}`));
process.on('unhandledRejection', (error) => connection.console.error(`Unexpected: ${String(error)}`));
connection.listen();
