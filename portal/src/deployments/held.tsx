/** The secrets that a target holds: old ones first, with what they are now. */
import { ArrowRight } from 'lucide-react'
import { useState } from 'react'
import { Link } from 'wouter'
import type { HeldSecret } from '../api/client.ts'
import { isOld } from './queries.ts'

const shownAtFirst = 6

/** @param wanted a text that was searched for: what has it in its name comes first */
export function HeldSecrets({
  secrets,
  wanted = '',
}: {
  readonly secrets: readonly HeldSecret[]
  readonly wanted?: string
}) {
  const [isOpen, setOpen] = useState(false)
  const weight = (secret: HeldSecret) => (wanted !== '' && secret.name.includes(wanted) ? 0 : isOld(secret) ? 1 : 2)
  const sorted = [...secrets].sort((one, other) => weight(one) - weight(other))
  const shown = isOpen ? sorted : sorted.slice(0, shownAtFirst)
  return (
    <ul className="held" aria-label="Secrets">
      {shown.map((secret) => (
        <li key={secret.id} className={`tag ${isOld(secret) ? 'warn' : ''}`}>
          {secret.current_version === null ? secret.name : <Link href={`/secrets/${secret.id}`}>{secret.name}</Link>}
          <Versions secret={secret} />
        </li>
      ))}
      {sorted.length > shown.length ? (
        <li>
          <button type="button" className="link" onClick={() => setOpen(true)}>
            and {sorted.length - shown.length} more
          </button>
        </li>
      ) : null}
    </ul>
  )
}

function Versions({ secret }: { readonly secret: HeldSecret }) {
  if (secret.current_version === null) return <span>v{secret.version}, deleted</span>
  if (!isOld(secret)) return <span className="muted">v{secret.version}</span>
  return (
    <span className="versions-step">
      v{secret.version} <ArrowRight size={11} aria-hidden />
      <span className="sr-only">now</span> v{secret.current_version}
    </span>
  )
}
