/** Which problems of runs still hold: pure. */
import type { AssetCheck, Failure } from '../dagster/types';
import { lineOfTest } from '../dbt/testPlaces';

/** A failure that is shown at a file. */
export interface Marker {
  failure: Failure;
  file: string;
  /** whether a project had the model: what is no model may be gone all along */
  hadModel: boolean;
  /** whether the file defines the check that failed */
  defined: boolean;
  /** when the check had run last, as Dagster told when the failure came (milliseconds since 1970) */
  checked: number | undefined;
}

/** What there is now. */
export interface Present {
  /** the text of a file; undefined where it is gone */
  textOf: (file: string) => string | undefined;
  hasModel: (name: string) => boolean;
  check: (model: string, name: string) => AssetCheck | undefined;
}

/** The marker of a failure that came just now. */
export function markerOf(failure: Failure, file: string, { textOf, hasModel, check }: Present): Marker {
  return {
    failure, file, hadModel: failure.model !== undefined && hasModel(failure.model),
    defined: failure.check !== undefined && lineOfTest(textOf(file) ?? '', failure.check) !== undefined,
    checked: failure.model === undefined || failure.check === undefined ? undefined : check(failure.model, failure.check)?.time,
  };
}

/** Not any more where the file, the model or the definition of the check is gone, or the check ran again and did not fail. */
export function holds({ failure, file, hadModel, defined, checked }: Marker, { textOf, hasModel, check }: Present): boolean {
  const text = textOf(file);
  if (text === undefined || (hadModel && !hasModel(failure.model ?? ''))) return false;
  if (failure.check === undefined) return true;
  if (defined && lineOfTest(text, failure.check) === undefined) return false;
  const now = check(failure.model ?? '', failure.check);
  return now?.time === checked || (now?.outcome !== 'passed' && now?.outcome !== 'warned');
}
