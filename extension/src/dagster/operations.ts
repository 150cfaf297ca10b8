/**
 * Every question we ask Dagster, in one place, each with the shape of its answer. `test/dagster/operations.test.ts` holds them to the schema of
 * the installed Dagster.
 */

/** A document with the types of its variables and of its data; both exist for the compiler alone. */
export interface Operation<Data, Variables = Record<string, never>> {
  readonly name: string;
  readonly text: string;
  readonly types?: { data: Data; variables: Variables };
}

const operation = <Data, Variables = Record<string, never>>(text: string): Operation<Data, Variables> => ({ name: /(?:query|mutation|subscription) (\w+)/.exec(text)?.[1] ?? '', text });

export interface Key { path: string[] }
export type DagsterRunStatus = 'QUEUED' | 'NOT_STARTED' | 'MANAGED' | 'STARTING' | 'STARTED' | 'SUSPENDED' | 'SUCCESS' | 'FAILURE' | 'CANCELING' | 'CANCELED';

/** Anything that went wrong, as Dagster's unions give it. */
export interface Problem { __typename: string; message?: string }

export interface PythonErrorData { message: string; className: string | null; errorChain: { error: { message: string; className: string | null } }[] }

export const VERSION = operation<{ version: string }>('query Version { version }');

// ---- what there is

export interface NodeData {
  assetKey: Key;
  groupName: string;
  kinds: string[];
  opName: string | null;
  jobNames: string[];
  isMaterializable: boolean;
  isExecutable: boolean;
  description: string | null;
  dependencyKeys: Key[];
  dependedByKeys: Key[];
  repository: { name: string; location: { name: string } };
  configField: { configType: { fields?: { name: string }[] } } | null;
  metadataEntries: { codeReferences?: { filePath?: string; lineNumber?: number | null }[] }[];
  assetChecksOrError: { checks?: { name: string; description: string | null; canExecuteIndividually: string; jobNames: string[] }[] };
}

export interface DefinitionsData {
  workspaceOrError: Problem & { locationEntries?: { name: string; locationOrLoadError: (Problem & Partial<PythonErrorData>) | null }[] };
  assetNodes: NodeData[];
}

/** What changes only when a code location is loaded. */
export const DEFINITIONS = operation<DefinitionsData>(`query Definitions {
  workspaceOrError {
    __typename
    ... on Workspace { locationEntries { name locationOrLoadError { __typename ... on PythonError { message className errorChain { error { message className } } } } } }
    ... on PythonError { message }
  }
  assetNodes {
    assetKey { path } groupName kinds opName jobNames isMaterializable isExecutable description
    dependencyKeys { path } dependedByKeys { path }
    repository { name location { name } }
    configField { configType { ... on CompositeConfigType { fields { name } } } }
    metadataEntries { ... on CodeReferencesMetadataEntry { codeReferences { ... on LocalFileCodeReference { filePath lineNumber } } } }
    assetChecksOrError { ... on AssetChecks { checks { name description canExecuteIndividually jobNames } } }
  }
}`);

// ---- how it stands

export interface PulseData {
  version: string;
  locationStatusesOrError: Problem & { entries?: { name: string; loadStatus: string; updateTimestamp: number; versionKey: string }[] };
  runsOrError: Problem & { results?: RunData[] };
}

export interface RunData {
  id: string;
  status: DagsterRunStatus;
  creationTime: number;
  updateTime: number | null;
  /** seconds since 1970; a run may go on after it: one that was taken out of the queue as it began */
  endTime: number | null;
  assetSelection: Key[] | null;
  assetCheckSelection: { name: string; assetKey: Key }[] | null;
  tags: { key: string; value: string }[];
}

const RUN = 'id status creationTime updateTime endTime assetSelection { path } assetCheckSelection { name assetKey { path } } tags { key value }';

/** Cheap: whether anything changed since the last look. Newest runs first. */
export const PULSE = operation<PulseData, { limit: number }>(`query Pulse($limit: Int!) {
  version
  locationStatusesOrError { __typename ... on WorkspaceLocationStatusEntries { entries { name loadStatus updateTimestamp versionKey } } ... on PythonError { message } }
  runsOrError(limit: $limit) { __typename ... on Runs { results { ${RUN} } } ... on PythonError { message } }
}`);

export interface CheckExecutionData {
  runId: string;
  status: 'IN_PROGRESS' | 'SUCCEEDED' | 'FAILED' | 'EXECUTION_FAILED' | 'SKIPPED';
  /** seconds since 1970 */
  timestamp: number;
  run: { status: DagsterRunStatus } | null;
  evaluation: { timestamp: number; severity: 'WARN' | 'ERROR'; success: boolean; targetMaterialization: { timestamp: number } | null } | null;
}

const EXECUTION = 'runId status timestamp run { status } evaluation { timestamp severity success targetMaterialization { timestamp } }';

export interface LatestData {
  assetKey: Key;
  unstartedRunIds: string[];
  inProgressRunIds: string[];
  latestRun: { id: string; status: DagsterRunStatus; endTime: number | null } | null;
  /** `timestamp`: milliseconds since 1970, as text */
  latestMaterialization: { runId: string; timestamp: string; metadataEntries: { label: string; intRepr?: string | null }[] } | null;
}

export interface StaleData {
  assetKey: Key;
  staleStatus: 'MISSING' | 'STALE' | 'FRESH' | null;
  staleCauses: { category: 'CODE' | 'DATA' | 'DEPENDENCIES'; reason: string; key: Key; dependency: Key | null }[];
  assetChecksOrError: { checks?: { name: string; executionForLatestMaterialization: CheckExecutionData | null }[] };
}

export interface StandingData {
  assetsLatestInfo: LatestData[];
  assetNodes: StaleData[];
}

/** How every asset and check stands now. */
export const STANDING = operation<StandingData, { keys: Key[] }>(`query Standing($keys: [AssetKeyInput!]!) {
  assetsLatestInfo(assetKeys: $keys) {
    assetKey { path } unstartedRunIds inProgressRunIds
    latestRun { id status endTime }
    latestMaterialization { runId timestamp metadataEntries { label ... on IntMetadataEntry { intRepr } } }
  }
  assetNodes(assetKeys: $keys) {
    assetKey { path } staleStatus staleCauses { category reason key { path } dependency { path } }
    assetChecksOrError { ... on AssetChecks { checks { name executionForLatestMaterialization { ${EXECUTION} } } } }
  }
}`);

/** The last executions of a check, newest first, whichever materialization they were of. */
export const LAST_EXECUTIONS = operation<{ assetCheckExecutions: CheckExecutionData[] }, { key: Key; name: string }>(`query LastExecutions($key: AssetKeyInput!, $name: String!) {
  assetCheckExecutions(assetKey: $key, checkName: $name, limit: 5) { ${EXECUTION} }
}`);

// ---- runs

export const RUN_STATUS = operation<{ runOrError: Problem & Partial<RunData> }, { id: string }>(`query RunStatus($id: ID!) {
  runOrError(runId: $id) { __typename ... on Run { ${RUN} } ... on PythonError { message } ... on RunNotFoundError { message } }
}`);

/** Newest first, in the order in which they were created. */
export const RUNS = operation<{ runsOrError: Problem & { results?: RunData[] } }, { filter: { statuses?: DagsterRunStatus[]; tags?: { key: string; value: string }[] }; limit: number }>(`query Runs($filter: RunsFilter, $limit: Int) {
  runsOrError(filter: $filter, limit: $limit) { __typename ... on Runs { results { ${RUN} } } ... on PythonError { message } }
}`);

/** One event of a run; which fields are there depends on its kind. */
export interface EventData {
  __typename: string;
  message?: string;
  /** milliseconds since 1970, as text */
  timestamp?: string;
  level?: 'CRITICAL' | 'ERROR' | 'INFO' | 'WARNING' | 'DEBUG';
  stepKey?: string | null;
  assetKey?: Key | null;
  metadataEntries?: { label: string; intRepr?: string | null }[];
  error?: PythonErrorData | null;
  failureMetadata?: { description: string | null } | null;
  evaluation?: { assetKey: Key; checkName: string; success: boolean; severity: 'WARN' | 'ERROR'; description: string | null };
}

/** What happened after the cursor. */
export const LOGS = operation<{ logsForRun: Problem & { events?: EventData[]; cursor?: string; hasMore?: boolean } }, { id: string; cursor: string | null; limit: number }>(`query Logs($id: ID!, $cursor: String, $limit: Int) {
  logsForRun(runId: $id, afterCursor: $cursor, limit: $limit) {
    __typename
    ... on PythonError { message }
    ... on RunNotFoundError { message }
    ... on EventConnection {
      cursor hasMore
      events {
        __typename
        ... on MessageEvent { message timestamp level stepKey }
        ... on MaterializationEvent { assetKey { path } metadataEntries { label ... on IntMetadataEntry { intRepr } } }
        ... on AssetMaterializationPlannedEvent { assetKey { path } }
        ... on ExecutionStepFailureEvent { error { message className errorChain { error { message className } } } failureMetadata { description } }
        ... on ResourceInitFailureEvent { error { message className errorChain { error { message className } } } }
        ... on RunFailureEvent { error { message className errorChain { error { message className } } } }
        ... on EngineEvent { error { message className errorChain { error { message className } } } }
        ... on AssetCheckEvaluationEvent { evaluation { assetKey { path } checkName success severity description } }
      }
    }
  }
}`);

/** Rings when a run has new events: what they are is read by `LOGS`, so that each is read once. */
export const RUN_BELL = operation<unknown, { id: string; cursor: string | null }>(`subscription RunBell($id: ID!, $cursor: String) {
  pipelineRunLogs(runId: $id, cursor: $cursor) { __typename }
}`);

/** Rings when a code location was loaded, or broke. */
export const LOCATION_BELL = operation<unknown>(`subscription LocationBell {
  locationStateChangeEvents { event { eventType locationName message } }
}`);

export const REQUIRED_KEYS = operation<{ assetNodeAdditionalRequiredKeys: Key[] }, { keys: Key[] }>(`query RequiredKeys($keys: [AssetKeyInput!]!) {
  assetNodeAdditionalRequiredKeys(assetKeys: $keys) { path }
}`);

export interface ExecutionParams {
  selector: {
    repositoryLocationName: string;
    repositoryName: string;
    jobName: string;
    assetSelection: Key[];
    /** null: all checks of the selected assets */
    assetCheckSelection: { assetKey: Key; name: string }[] | null;
  };
  mode: 'default';
  runConfigData: object;
  executionMetadata: { tags: { key: string; value: string }[] };
}

export const LAUNCH = operation<{ launchRun: Problem & { run?: RunData; errors?: { message: string }[] } }, { params: ExecutionParams }>(`mutation Launch($params: ExecutionParams!) {
  launchRun(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess { run { ${RUN} } }
    ... on RunConfigValidationInvalid { errors { message } }
    ... on Error { message }
  }
}`);

export type TerminatePolicy = 'SAFE_TERMINATE' | 'MARK_AS_CANCELED_IMMEDIATELY';

export const TERMINATE = operation<{ terminateRun: Problem }, { id: string; policy: TerminatePolicy }>(`mutation Terminate($id: String!, $policy: TerminateRunPolicy!) {
  terminateRun(runId: $id, terminatePolicy: $policy) { __typename ... on TerminateRunFailure { message } ... on Error { message } }
}`);

export const RELOAD = operation<{ reloadRepositoryLocation: Problem & { locationOrLoadError?: (Problem & Partial<PythonErrorData>) | null } }, { name: string }>(`mutation Reload($name: String!) {
  reloadRepositoryLocation(repositoryLocationName: $name) {
    __typename
    ... on WorkspaceLocationEntry { locationOrLoadError { __typename ... on PythonError { message className errorChain { error { message className } } } } }
    ... on Error { message }
  }
}`);

export const ALL_OPERATIONS: readonly { readonly name: string; readonly text: string }[] = [VERSION, DEFINITIONS, PULSE, STANDING, LAST_EXECUTIONS, RUN_STATUS, RUNS, LOGS, RUN_BELL, LOCATION_BELL, REQUIRED_KEYS, LAUNCH, TERMINATE, RELOAD];
