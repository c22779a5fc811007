/** The audit log as it grows: the server tells that something came, and it is asked what. */
import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { read, sentenceOf } from '../api/ask.ts'
import { type AuditFilter, type AuditRecord, type StrongroomEvent, strongroom } from '../api/client.ts'
import { begin, Pace, useIsLooking } from '../session/listening.ts'
import { toast } from '../ui/toast.tsx'

export const pageSize = 200
/** As many as are kept at once. */
const maxFresh = 2_000

/** New records, newest first, asked for once the server tells that there are some. */
export function useTail(
  filter: AuditFilter,
  view: string,
  {
    isOn,
    after,
    isWanted,
    onEnd,
  }: {
    readonly isOn: boolean
    readonly after: number
    readonly isWanted: (event: StrongroomEvent) => boolean
    readonly onEnd: () => void
  },
): readonly AuditRecord[] {
  const [fresh, setFresh] = useState<readonly AuditRecord[]>([])
  // biome-ignore lint/correctness/useExhaustiveDependencies: another view begins anew
  useEffect(() => setFresh([]), [view])
  const { data, refetch } = useQuery({
    queryKey: ['audit-tail', view],
    queryFn: ({ signal }) => read(() => strongroom.audit.page({ ...filter, limit: pageSize }, { signal })),
    enabled: false,
    gcTime: 0,
  })
  useTrail(isOn, {
    isWanted,
    look: () => void refetch(),
    onEnd: (error) => {
      onEnd()
      toast(`Live updates stopped: ${sentenceOf(error)}`, true)
    },
  })
  useEffect(() => {
    if (data === undefined) return
    setFresh((old) => {
      const last = Math.max(after, old[0]?.seq ?? 0)
      const added = data.items.filter(({ seq }) => seq > last)
      return added.length === 0 ? old : [...added, ...old].slice(0, maxFresh)
    })
  }, [data, after])
  return fresh
}

/**
 * Listens to the whole audit log, while it is on and the tab is in sight.
 *
 * @param look when records that may be wanted have come, those of a moment together, and whenever it is connected
 * @param onEnd when the server refuses to tell
 */
function useTrail(
  isOn: boolean,
  {
    isWanted,
    look,
    onEnd,
  }: {
    readonly isWanted: (event: StrongroomEvent) => boolean
    readonly look: () => void
    readonly onEnd: (error: unknown) => void
  },
): void {
  const use = useRef({ isWanted, look, onEnd })
  use.current = { isWanted, look, onEnd }
  const isListening = useIsLooking() && isOn
  useEffect(() => {
    if (!isListening) return undefined
    const { signal, end } = begin()
    const pace = new Pace(() => use.current.look())
    const follow = async () => {
      for await (const event of strongroom.events({ everywhere: true, signal, onPosition: () => pace.soon() }))
        if (use.current.isWanted(event)) pace.soon()
    }
    void follow().catch((error) => signal.aborted || use.current.onEnd(error))
    return () => {
      end()
      pace.stop()
    }
  }, [isListening])
}
