/** ZIP archives as Python makes them. */
import { python } from './python.ts'

export function archive(
  files: Readonly<Record<string, string>>,
  method: 'ZIP_DEFLATED' | 'ZIP_STORED' = 'ZIP_DEFLATED',
): Buffer {
  const program = `
import base64, io, zipfile
held = io.BytesIO()
with zipfile.ZipFile(held, 'w', getattr(zipfile, data['method'])) as archive:
    for name, text in data['files'].items():
        archive.writestr(name, text)
out = base64.b64encode(held.getvalue()).decode()
`
  return Buffer.from(String(python(program, { files, method })), 'base64')
}
