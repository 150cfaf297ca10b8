/** Stands for a window: starts or joins the services, says where they are, and stays until it is killed. `node window.mjs <services.mjs> <root>` */
import { Services } from '../../src/dagster/server';

const [, , program = '', root = ''] = process.argv;
const env = Object.fromEntries(Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])));
const services = new Services({ program, request: () => Promise.resolve({ root, env }), log: (line) => process.stderr.write(`${line}\n`) });
const url = await services.start();
process.stdout.write(`${JSON.stringify({ url, started: services.started })}\n`);
setInterval(() => {}, 60_000);
