/** Signature help: which arguments the call around the cursor takes, and which one is written. */
import { MarkupKind, type SignatureHelp, type SignatureInformation } from 'vscode-languageserver';
import type { Macro, Project } from '../project/types';
import { CONFIG_KEYS } from './configKeys';
import { description, macroSignature } from './describe';
import { codeCursor, jinjaCursor, type JinjaCursor, type OpenCall } from './jinjaCursor';
import { GLOBALS } from './jinjaWords';
import type { PlaceRequest } from './request';
import { yamlCursor } from './yamlCursor';

interface Signature {
  label: string;
  documentation?: string;
  parameters: { name: string; label: string; documentation?: string }[];
}

/** The innermost call around the cursor whose arguments are known; null where there is none. */
export function signatureHelp(request: PlaceRequest): SignatureHelp | null {
  const cursor = cursorOf(request);
  for (const call of [...(cursor?.calls ?? [])].reverse()) {
    const signatures = signaturesOf(request.project, call);
    if (signatures.length === 0) continue;
    const activeSignature = Math.max(0, signatures.findIndex((one) => activeParameter(one, call) < one.parameters.length));
    const active = signatures[activeSignature];
    return {
      signatures: signatures.map((one): SignatureInformation => ({
        label: one.label, ...documented(one.documentation), parameters: one.parameters.map(({ label, documentation }) => ({ label, ...documented(documentation) })),
        activeParameter: activeParameter(one, call),
      })),
      activeSignature, activeParameter: active ? activeParameter(active, call) : 0,
    };
  }
  return null;
}

function documented(text: string | undefined): { documentation?: { kind: MarkupKind; value: string } } {
  return text === undefined || text === '' ? {} : { documentation: { kind: MarkupKind.Markdown, value: text } };
}

/** The call's tag; in YAML also a value that is code without braces: `to: ref('…')`. */
function cursorOf({ text, offset, yaml }: PlaceRequest): JinjaCursor | undefined {
  const cursor = jinjaCursor(text, offset);
  if (cursor || !yaml) return cursor;
  const place = yamlCursor(text, offset);
  return place && (place.at === 'value' || place.at === 'item') ? codeCursor(text, place.word.start, offset) : undefined;
}

/** Which parameter is written: by its name, else by its place; beyond the last where the call has more than the signature. */
function activeParameter({ parameters }: Signature, call: OpenCall): number {
  const rest = parameters.findIndex(({ name }) => name.startsWith('*'));
  const found = call.keyword === undefined ? call.argument : parameters.findIndex(({ name }) => name === call.keyword);
  if (found >= 0 && found < parameters.length) return found;
  return rest >= 0 ? rest : parameters.length;
}

function signaturesOf(project: Project, call: OpenCall): Signature[] {
  if (call.name === 'ref') return [builtIn('ref', 'ref(model_name, v=None)'), builtIn('ref', 'ref(package_name, model_name, v=None)')].flat();
  if (call.name === 'config') {
    const key = call.keyword === undefined || !Object.hasOwn(CONFIG_KEYS, call.keyword) ? undefined : CONFIG_KEYS[call.keyword];
    const takes = key?.values ? `One of ${key.values.map((value) => `\`${value}\``).join(', ')}.` : '';
    return builtIn('config', 'config(**settings)').map((one) => ({ ...one, parameters: one.parameters.map((parameter) => ({ ...parameter, ...(key ? { documentation: `\`${call.keyword ?? ''}\`: ${key.description} ${takes}` } : {}) })) }));
  }
  const macro = project.macros.get(call.name) ?? (call.name.startsWith(`${project.name}.`) ? project.macros.get(call.name.slice(project.name.length + 1)) : undefined);
  if (macro) return [ofMacro(macro)];
  return Object.hasOwn(GLOBALS, call.name) ? builtIn(call.name, GLOBALS[call.name]?.signature ?? '') : [];
}

function builtIn(name: string, signature: string): Signature[] {
  const inner = /^[\w.]+\((.*)\)$/.exec(signature)?.[1];
  if (inner === undefined) return [];
  const parameters = inner === '' ? [] : inner.split(', ').map((label) => ({ label, name: label.replace(/=.*/, '') }));
  return [{ label: signature, documentation: GLOBALS[name]?.description ?? '', parameters }];
}

function ofMacro(macro: Macro): Signature {
  return {
    label: macroSignature(macro), documentation: description(macro.description),
    parameters: macro.definition.parameters.map((one) => {
      const doc = macro.argumentDocs.find(({ name }) => name === one.name);
      const text = [doc?.type === undefined ? '' : `*${doc.type}*`, description(doc?.description)].filter(Boolean).join(' — ');
      return { name: one.name, label: one.default === undefined ? one.name : `${one.name}=${one.default}`, ...(text === '' ? {} : { documentation: text }) };
    }),
  };
}
