import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
// @ts-expect-error The script has no types.
import { typeOf, typesOf } from '../scripts/api-types.mjs';

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');

test('schema.d.ts matches openapi.json (otherwise run: npm run api)', () =>
  expect(read('../src/api/schema.d.ts')).toBe(typesOf(JSON.parse(read('../openapi.json')))));

describe('the type of a schema', () => {
  test.each([
    [{ type: 'string' }, 'string'],
    [{ type: 'integer', format: 'int64' }, 'number'],
    [{ type: ['null', 'number'] }, 'number | null'],
    [{ enum: ['a', 'b'] }, '"a" | "b"'],
    [{ $ref: '#/components/schemas/KeyView' }, "Schemas['KeyView']"],
    [{ oneOf: [{ type: 'null' }, { $ref: '#/components/schemas/LiveView' }] }, "Schemas['LiveView'] | null"],
    [{ type: 'array', items: { type: ['null', 'string'] } }, '(string | null)[]'],
    [{ type: ['null', 'array'], items: { type: 'integer' } }, 'number[] | null'],
    [{ type: 'object', additionalProperties: { type: 'string' } }, 'Record<string, string>'],
    [{}, 'unknown'],
    [{ type: 'file' }, 'unknown'],
  ])('%j', (schema, type) => expect(typeOf(schema, 0)).toBe(type));

  test('of an object has optional members', () => {
    expect(
      typeOf(
        {
          type: 'object',
          required: ['id'],
          properties: { id: { type: 'string' }, 'e-tag': { type: ['null', 'string'], description: 'What it is.' } },
        },
        0,
      ),
    ).toBe("{\n  id: string;\n  /** What it is. */\n  'e-tag'?: string | null;\n}");
  });
});

test('an operation has its parameters, body and responses', () => {
  const body = { content: { 'application/json': { schema: { $ref: '#/components/schemas/A' } } } };
  const document = {
    paths: {
      '/a/{id}': {
        delete: {
          operationId: 'deleteA',
          summary: 'Deletes it.',
          parameters: [{ name: 'dryRun', in: 'query', schema: { type: 'string' } }],
          responses: { 200: body, 204: {}, 404: {} },
        },
        put: { operationId: 'putA', requestBody: body, responses: { 204: {} } },
      },
    },
  };
  const types = typesOf(document) as string;
  expect(types).toContain(
    "  /** Deletes it. */\n  deleteA: {\n    method: 'DELETE';\n    path: '/a/{id}';\n    query: { dryRun?: string };\n" +
      "    body: never;\n    answer: Schemas['A'];\n  };",
  );
  expect(types).toContain("    body: Schemas['A'];\n    answer: void;");
});
