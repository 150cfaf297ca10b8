/** The tiny folder that is opened for the tests inside VS Code. Laid by code: as files it would be a second dbt project of this one. */
import fs from 'node:fs';
import path from 'node:path';

const FILES = {
  'dbt_project.yml': 'name: tiny\nversion: 1.0.0\nprofile: tiny\nmodel-paths: [models]\n',
  'models/visits.sql': 'select 1 as visit_id\n',
  '.vscode/settings.json': '{ "attribution.dagster.autoStart": false }\n',
};

/** @param {string} folder */
export function layHostWorkspace(folder) {
  for (const [name, text] of Object.entries(FILES)) {
    const file = path.join(folder, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
  }
}
