/** Values, and lines of dotenv files, that are hard to carry. */
import { anyCharacter, fc } from '../support/fast-check.ts'

/** Where formats stumble. */
export const hard = [
  ...[
    '',
    ' ',
    ' x ',
    "it's",
    '"',
    '`',
    '\'"`',
    '\\',
    'x\\',
    "x\\'",
    '\\n',
    'a\\nb',
    '$HOME',
    `\${HOME}`,
    '$(id)',
    '`id`',
  ],
  ...['#', 'a #b', 'a#b', '!x', 'a\nb', '\n', 'a\n', '\na', 'a\r\nb', 'a\rb', '\t', 'null', '~', 'yes', '1.10', '0x1F'],
  ...[
    `\${x}`,
    `$\${x}`,
    `$$\${x}`,
    '%{if}',
    '%%{x}',
    '$',
    '%',
    '${',
    'EOF',
    'a\nEOF\nb',
    '<<EOF',
    'a=b',
    '- a',
    'a: b',
    '{',
    '[]',
  ],
  ...[
    'é',
    'e\u0301',
    '\u2028',
    '\u0085',
    '\ufeff',
    '\u200b',
    '😀',
    '\u0001',
    '\u007f',
    '\u009f',
    '\ufffe',
    "'\nB='#y'",
  ],
  ...['=ls', 'x:=ls', '=no-such-command', '::=x', '=', ':=', 'a=:b'],
  '-----BEGIN KEY-----\nabc+/=\n-----END KEY-----\n',
]

const piece = fc.oneof(
  fc.constantFrom(...hard),
  fc.string({ unit: anyCharacter, maxLength: 6 }),
  fc.string({ maxLength: 12 }),
)
export const value = fc
  .array(piece, { maxLength: 4 })
  .map((pieces) => pieces.join(''))
  .filter((text) => text.isWellFormed())

/** Of dotenv files. */
export const line = fc.oneof(
  fc.constantFrom(
    ...[
      "A='b'",
      'A="b\\nc"',
      "export A='x y' # c",
      'A=b c ',
      'A= b',
      'A=`x"`',
      '# c',
      '',
      '  A=1',
      "A='x\\'",
      "A='#y'",
      "A='b' # it's",
      'export =b',
    ],
    ...["B='a", "b'", 'A="a\\"b"', 'A=', 'A = b', "A=''", "A='x' y", 'A-b.c=1', 'A=b # c', 'A=b=c', 'A=$B', "A=it's"],
  ),
  fc.string({
    unit: fc.constantFrom(...['A', '=', "'", '"', '`', '\\', ' ', 'n', '#', '\n', '\r\n', '\t', 'export ', '\u2028']),
    maxLength: 14,
  }),
)
