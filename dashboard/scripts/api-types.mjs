// Generates src/api/schema.d.ts from openapi.json. With --check it only compares, and fails if the file differs.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Returns the source text of the types of an OpenAPI document. */
export function typesOf(document) {
  const lines = [
    '// Made of openapi.json by scripts/api-types.mjs: change the server, then `npm run api:renew`.',
    '',
    '/** The shapes that stand in the JSON of /api/v1, by name. */',
    'export interface Schemas {',
  ];
  const schemas = document.components?.schemas ?? {};
  for (const name of Object.keys(schemas).sort()) lines.push(`  ${key(name)}: ${typeOf(schemas[name], 1)};`);
  lines.push('}', '', '/** What each operation takes and answers. */', 'export interface Operations {');
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  operations.sort((a, b) => (a.operation.operationId < b.operation.operationId ? -1 : 1));
  for (const { path, method, operation } of operations) lines.push(...operationOf(path, method, operation));
  lines.push('}', '');
  return lines.join('\n');
}

function operationOf(path, method, operation) {
  const query = (operation.parameters ?? []).filter((parameter) => parameter.in === 'query');
  const members = [`method: ${quoted(method.toUpperCase())}`, `path: ${quoted(path)}`];
  const parameters = query.map((one) => `${key(one.name)}${one.required ? '' : '?'}: ${typeOf(one.schema ?? {}, 2)}`);
  members.push(`query: ${parameters.length === 0 ? 'never' : `{ ${parameters.join('; ')} }`}`);
  const body = operation.requestBody?.content?.['application/json']?.schema;
  members.push(`body: ${body === undefined ? 'never' : referenceOr(body)}`);
  members.push(`answer: ${answerOf(operation.responses ?? {})}`);
  const summary = operation.summary === undefined ? [] : [`  /** ${operation.summary.replaceAll('*/', '* /')} */`];
  return [...summary, `  ${key(operation.operationId)}: {`, ...members.map((member) => `    ${member};`), '  };'];
}

// The bodies of all 2xx responses; `void` if none has a body.
function answerOf(responses) {
  const found = Object.entries(responses)
    .filter(([status]) => status.startsWith('2'))
    .map(([, answer]) => answer.content?.['application/json']?.schema)
    .filter((schema) => schema !== undefined)
    .map(referenceOr);
  return found.length === 0 ? 'void' : [...new Set(found)].join(' | ');
}

function referenceOr(schema) {
  if (schema.type === 'array') return `${group(referenceOr(schema.items ?? {}))}[]`;
  return schema.$ref === undefined ? typeOf(schema, 2) : `Schemas[${quoted(nameOf(schema.$ref))}]`;
}

/** Converts a schema to a TypeScript type. Unsupported schemas become `unknown`. */
export function typeOf(schema, depth) {
  if (schema.$ref !== undefined) return `Schemas[${quoted(nameOf(schema.$ref))}]`;
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  const either = schema.oneOf ?? schema.anyOf;
  if (either !== undefined) return nullLast(either.map((one) => typeOf(one, depth)));
  const types = Array.isArray(schema.type) ? schema.type : schema.type === undefined ? [] : [schema.type];
  return types.length === 0 ? 'unknown' : nullLast(types.map((type) => plainOf(type, schema, depth)));
}

function plainOf(type, schema, depth) {
  switch (type) {
    case 'integer':
    case 'number':
      return 'number';
    case 'array':
      return `${group(typeOf(schema.items ?? {}, depth))}[]`;
    case 'object':
      return objectOf(schema, depth);
    default:
      return ['string', 'boolean', 'null'].includes(type) ? type : 'unknown';
  }
}

function objectOf(schema, depth) {
  const required = new Set(schema.required ?? []);
  const indent = '  '.repeat(depth + 1);
  const members = Object.entries(schema.properties ?? {}).map(([name, member]) => {
    const comment = member.description === undefined ? '' : `${indent}/** ${member.description.replaceAll('*/', '* /')} */\n`;
    return `${comment}${indent}${key(name)}${required.has(name) ? '' : '?'}: ${typeOf(member, depth + 1)};`;
  });
  if (members.length > 0) return `{\n${members.join('\n')}\n${'  '.repeat(depth)}}`;
  return typeof schema.additionalProperties === 'object'
    ? `Record<string, ${typeOf(schema.additionalProperties, depth)}>`
    : 'Record<string, unknown>';
}

function nullLast(types) {
  const all = [...new Set(types)];
  return [...all.filter((type) => type !== 'null'), ...all.filter((type) => type === 'null')].join(' | ');
}

const group = (type) => (type.includes(' | ') ? `(${type})` : type);
const nameOf = (reference) => reference.slice(reference.lastIndexOf('/') + 1);
const key = (name) => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name));
const quoted = (text) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = typesOf(JSON.parse(readFileSync(here('../openapi.json'), 'utf8')));
  const target = here('../src/api/schema.d.ts');
  if (!process.argv.includes('--check')) writeFileSync(target, text);
  else if (readFileSync(target, 'utf8') !== text) {
    console.error('src/api/schema.d.ts does not match openapi.json. Run: npm run api');
    process.exit(1);
  }
}
