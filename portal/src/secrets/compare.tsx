/** Comparing any two versions of a secret. */
import { lazy, Suspense, useState } from 'react'
import type { Metadata, VersionHead } from '../api/client.ts'
import { Button, Select } from '../ui/controls.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Loading, Note } from '../ui/states.tsx'
import { exactTime } from '../ui/time.tsx'

const Diff = lazy(async () => ({ default: (await import('./diff.tsx')).Diff }))

/** @param versions newest first; `first` are the two that it opens with, the older one before */
export function CompareDialog({
  secret,
  versions,
  first,
  onClose,
}: {
  readonly secret: Metadata
  readonly versions: readonly VersionHead[]
  readonly first: readonly [number, number]
  readonly onClose: () => void
}) {
  const [before, setBefore] = useState(String(first[0]))
  const [after, setAfter] = useState(String(first[1]))
  const choices = versions.map(({ version, created_at: createdAt }) => ({
    id: String(version),
    label: `Version ${version}${version === secret.version ? ', current' : ''}`,
    more: exactTime(createdAt),
  }))
  return (
    <Dialog title="Compare versions" isOpen onClose={onClose} isWide>
      <div className="stack">
        <div className="compare">
          <Select label="Before" value={before} onChoose={setBefore} choices={choices} />
          <Select label="After" value={after} onChoose={setAfter} choices={choices} />
        </div>
        {before === after ? (
          <Note>Both sides are the same version. Choose another to compare.</Note>
        ) : (
          <Suspense fallback={<Loading lines={3} />}>
            {/* With other versions it begins anew, hidden: each pair is read when it is asked for. */}
            <Diff key={`${before} ${after}`} secret={secret} before={Number(before)} after={Number(after)} />
          </Suspense>
        )}
        <div className="actions">
          <Button onPress={onClose}>Close</Button>
        </div>
      </div>
    </Dialog>
  )
}
