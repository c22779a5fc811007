/** Trust rules: whose jobs get keys that live minutes, without one that is stored. */
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Handshake, Pencil, Plus, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { Link } from 'wouter'
import type { TrustRule } from '../../../src/client/index.ts'
import { read } from '../api/ask.ts'
import { strongroom } from '../api/client.ts'
import { scopeText } from '../keys/scopes.ts'
import { FormDialog } from '../ui/confirm.tsx'
import { Button, IconButton } from '../ui/controls.tsx'
import { Empty, Loading, PageHead, Trouble } from '../ui/states.tsx'
import { Ago } from '../ui/time.tsx'
import { toast } from '../ui/toast.tsx'
import { platformOf } from './platforms.ts'
import { lifeText, RuleDialog } from './rule-dialog.tsx'

type Open = { readonly kind: 'new' } | { readonly kind: 'change' | 'delete'; readonly rule: TrustRule }

export function TrustPage() {
  const cache = useQueryClient()
  const { data, error, refetch } = useQuery({
    queryKey: ['trust-rules'],
    queryFn: ({ signal }) => read(() => Array.fromAsync(strongroom.trustRules.list({ signal }))),
  })
  const [open, setOpen] = useState<Open>()
  const close = () => setOpen(undefined)
  const refresh = () => cache.invalidateQueries({ queryKey: ['trust-rules'] })
  return (
    <div className="page">
      <PageHead
        title="Trust rules"
        about="Jobs and pods trade the token that their platform signed for a key that lives minutes. Nothing is stored with them."
      >
        <Button look="primary" onPress={() => setOpen({ kind: 'new' })} data-new>
          <Plus size={14} aria-hidden />
          New rule
        </Button>
      </PageHead>
      <section className="card" aria-label="Trust rules">
        {error !== null ? <Trouble error={error} onRetry={() => void refetch()} /> : null}
        {data === undefined && error === null ? <Loading /> : null}
        {data?.length === 0 ? (
          <Empty icon={Handshake} title="No rule yet">
            A rule says which tokens are trusted, such as those of the main branch of one repository, and what the keys
            may read. The job then needs no <Link href="/keys">API key</Link> that somebody could steal.
          </Empty>
        ) : null}
        <ul className="items">
          {data?.map((rule) => (
            <Rule key={rule.id} rule={rule} onOpen={setOpen} />
          ))}
        </ul>
      </section>
      {open?.kind === 'new' || open?.kind === 'change' ? (
        <RuleDialog
          rule={open.kind === 'change' ? open.rule : undefined}
          onClose={close}
          onSaved={async ({ name }) => {
            toast(`${name} is ${open.kind === 'new' ? 'created' : 'changed'}`)
            await refresh()
          }}
        />
      ) : null}
      {open?.kind === 'delete' ? (
        <FormDialog
          title={`Delete ${open.rule.name}?`}
          isOpen
          isBad
          onClose={close}
          submit="Delete"
          run={async () => {
            await strongroom.trustRules.delete(open.rule.id)
            toast(`${open.rule.name} is deleted`)
            await refresh()
          }}
        >
          <p className="small">
            Its tokens are refused from now on, and every key that was made under it is revoked at once. Jobs that still
            use one fail.
          </p>
        </FormDialog>
      ) : null}
    </div>
  )
}

function Rule({ rule, onOpen }: { readonly rule: TrustRule; readonly onOpen: (open: Open) => void }) {
  const platform = platformOf(rule.issuer)
  return (
    <li>
      <div className="item-main">
        <div className="row">
          <strong className="break">{rule.name}</strong>
          {platform === undefined ? null : <span className="tag info">{platform}</span>}
        </div>
        <ul className="row scopes" aria-label="Its keys may">
          {rule.scopes.map((scope) => (
            <li key={scope} className="tag" title={scope}>
              {scopeText(scope)}
            </li>
          ))}
        </ul>
        <dl className="claims">
          <dt>Issuer</dt>
          <dd>{rule.issuer}</dd>
          <dt>Audience</dt>
          <dd>{rule.audience}</dd>
          {Object.entries(rule.claims).map(([name, value]) => (
            <div key={name} style={{ display: 'contents' }}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
        <p className="hint">
          A key lives {lifeText(rule.key_ttl)}
          {rule.networks.length === 0 ? ' · from anywhere' : ` · from ${rule.networks.join(', ')}`}
          {rule.single_use ? '' : ' · tokens may be used again'}
          {rule.jwks === null ? '' : ' · keys of the issuer are kept here'} · changed <Ago time={rule.updated_at} />
        </p>
      </div>
      <div className="item-end">
        <Button small onPress={() => onOpen({ kind: 'change', rule })} aria-label={`Change ${rule.name}`}>
          <Pencil size={14} aria-hidden />
          Change
        </Button>
        <IconButton
          label={`Delete ${rule.name}`}
          small
          look="quiet bad"
          onPress={() => onOpen({ kind: 'delete', rule })}
        >
          <Trash2 size={14} aria-hidden />
        </IconButton>
      </div>
    </li>
  )
}
