/** Recovery codes, shown once. */
import { Download } from 'lucide-react'
import { Button } from '../ui/controls.tsx'
import { copy } from '../ui/copy.tsx'
import { download } from '../ui/download.ts'
import { Note } from '../ui/states.tsx'

export function RecoveryCodes({ codes, onDone }: { readonly codes: readonly string[]; readonly onDone: () => void }) {
  const save = () => download(`${codes.join('\n')}\n`, 'strongroom-recovery-codes.txt')
  return (
    <div className="stack">
      <Note kind="warn">
        Copy them now: you won’t see them again. Each signs you in once, with your password, if you lose your device.
      </Note>
      <ul className="codes" aria-label="Recovery codes">
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ul>
      <div className="actions">
        <Button onPress={() => void copy(async () => codes.join('\n'), 'The list')}>Copy</Button>
        <Button onPress={save}>
          <Download size={14} aria-hidden />
          Download
        </Button>
        <Button look="primary" onPress={onDone} autoFocus>
          I’ve saved them
        </Button>
      </div>
    </div>
  )
}
