/** The attribution rules as diagnostics: what a model gets wrong in ways that tests seldom show. */
import type { SqlDocument } from '../analysis/types';
import type { Project } from '../project/types';
import type { Problem } from './diagnosticsProblem';
import { calendarDays } from './rulesCalendar';
import { unknownChannel } from './rulesChannels';
import { isSilenced, silencesIn, type Rule } from './rulesContext';
import { joinWithoutClient, lostPurchases } from './rulesJoins';
import { tieBreaker } from './rulesOrder';
import { scan } from './rulesScan';
import { hardCodedWindow, windowEdge } from './rulesWindow';
import { concernsAttribution, isAboutAttribution, Vocabulary, windowOf } from './rulesWords';

/** Every rule; each has the code `attribution/<name>`. */
export const RULES: readonly Rule[] = [hardCodedWindow, calendarDays, windowEdge, tieBreaker, joinWithoutClient, lostPurchases, unknownChannel];

/** Characters of a text that a person wrote; a longer one is generated, and whoever made it is to be asked. */
const LONGEST = 256 * 1024;

/** What a SQL file does against the attribution rules. Nothing for a file of a package, and for a file or project that is about something else. */
export function ruleProblems(project: Project, file: string, document: SqlDocument): Problem[] {
  if (document.text.length > LONGEST || !isAboutAttribution(document.text) || !concernsAttribution(project)) return [];
  const model = project.modelOfFile(file);
  if (model?.package !== undefined) return [];
  const context = { project, file, document, scan: scan(document), vocabulary: new Vocabulary(document), window: windowOf(project), ...(model ? { model } : {}) };
  const silences = silencesIn(document.text);
  return RULES.flatMap((rule) => rule.find(context).filter(({ span }) => !isSilenced(silences, span.start, rule.name)));
}
