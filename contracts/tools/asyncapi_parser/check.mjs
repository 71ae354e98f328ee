// Parses the AsyncAPI document with its official parser; exits 1 with one line per error.
import { readFileSync } from 'node:fs';
import { Parser } from '@asyncapi/parser';

const { document, diagnostics } = await new Parser().parse(readFileSync(process.argv[2], 'utf8'));
const errors = diagnostics.filter((found) => found.severity === 0);
for (const found of errors) console.log(`${found.path.join('.')}: ${found.message}`);
console.log(`asyncapi: ${errors.length} errors, ${document ? document.messages().length : 0} messages`);
process.exit(errors.length || !document ? 1 : 0);
