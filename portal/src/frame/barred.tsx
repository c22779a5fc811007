/** In place of a page that one may not see, or of something that one may not do: who can let one. */
import { Lock } from 'lucide-react'
import { Page } from '../ui/page.tsx'
import { Empty } from '../ui/states.tsx'
import type { Bar } from './navigation.ts'

export function BarredPage({ label, deed }: Bar) {
  return (
    <Page title={label}>
      <Empty icon={Lock} title={`You don’t have permission to ${deed}`}>
        Ask an owner or admin.
      </Empty>
    </Page>
  )
}
