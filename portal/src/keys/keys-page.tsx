/** API keys: what programs sign in with. */
import { ChartNoAxesColumn, KeyRound, Plus, RotateCcw, Trash2 } from 'lucide-react'
import { useMemo, useState } from 'react'
import { type ApiKey, type IssuedApiKey, strongroom } from '../api/client.ts'
import { type Pages, usePages, useRefresh } from '../api/queries.ts'
import { useRights } from '../session/rights.ts'
import { Card } from '../ui/card.tsx'
import { Button, Checkbox, IconButton, Select } from '../ui/controls.tsx'
import { CopyOnce } from '../ui/copy.tsx'
import { useDialog } from '../ui/dialog.tsx'
import { Confirm, FormDialog } from '../ui/form.tsx'
import { Item, Tags } from '../ui/items.tsx'
import { MadeChoice } from '../ui/made.tsx'
import { OnceDialog } from '../ui/once.tsx'
import { Page } from '../ui/page.tsx'
import { PagedItems, useFindMade } from '../ui/paged.tsx'
import { Empty, Note } from '../ui/states.tsx'
import { Ago, Expiry, expiryOf } from '../ui/time.tsx'
import { toast } from '../ui/toast.tsx'
import { WhatIfNote } from '../what-if/what-if.tsx'
import { NewKeyDialog } from './new-key.tsx'
import { scopeText } from './scopes.ts'
import { UsageDialog } from './usage.tsx'

const listed = ['keys']

export function KeysPage() {
  const keys = usePages(listed, (query, options) => strongroom.keys.page(query, options))
  const findMade = useFindMade(keys)
  const refresh = useRefresh(listed)
  const { dialog, open } = useDialog()
  const onIssued = async (key: IssuedApiKey) => {
    open((close) => <IssuedDialog of={key} onClose={close} />)
    findMade(key.name)
    await refresh()
  }
  return (
    <Page
      title="API keys"
      about="Programs sign in with an API key. Give each its own, with only the permissions it needs."
      actions={
        <Button
          look="primary"
          onPress={() => open((close) => <NewKeyDialog onClose={close} onIssued={onIssued} />)}
          data-new
        >
          <Plus size={14} aria-hidden />
          New key
        </Button>
      }
    >
      <Card label="API keys">
        <KeyItems
          of={keys}
          onUsage={(key) => open((close) => <UsageDialog of={key} onClose={close} />)}
          onRotate={(key) => open((close) => <RotateDialog of={key} onClose={close} onIssued={onIssued} />)}
          onRevoke={(key) => open((close) => <RevokeDialog of={key} onClose={close} onRevoked={refresh} />)}
        />
      </Card>
      {dialog}
    </Page>
  )
}

interface ForKey {
  readonly onUsage: (key: ApiKey) => void
  readonly onRotate: (key: ApiKey) => void
  readonly onRevoke: (key: ApiKey) => void
}

function KeyItems({ of: keys, ...does }: ForKey & { readonly of: Pages<ApiKey> }) {
  const [showsOld, setShowsOld] = useState(false)
  const { data: all = [], hasMore } = keys
  const old = all.filter(isOld).length
  // A key comes after the one that made it.
  const revoked = useMemo(() => new Set(all.filter((key) => key.revoked_at !== null).map(({ id }) => id)), [all])
  return (
    <PagedItems
      of={keys}
      noun="key"
      textOf={({ id, name, scopes }) => `${name} ${id} ${scopes.join(' ')}`}
      isShown={(key) => showsOld || !isOld(key)}
      choices={
        old === 0 ? null : (
          <Checkbox isSelected={showsOld} onChange={setShowsOld}>
            Show revoked and expired keys{hasMore ? '' : ` (${old.toLocaleString('en')})`}
          </Checkbox>
        )
      }
      empty={
        <Empty icon={KeyRound} title="No active API keys">
          Create one for each program. Limit it to secrets such as prod-*, to networks, and in time.
        </Empty>
      }
    >
      {(key) => <KeyItem key={key.id} of={key} revoked={revoked} {...does} />}
    </PagedItems>
  )
}

function KeyItem({
  of: key,
  revoked,
  onUsage,
  onRotate,
  onRevoke,
}: ForKey & { readonly of: ApiKey; readonly revoked: ReadonlySet<number> }) {
  const { name, scopes, networks } = key
  const maySeeUsage = useRights().hasSomewhere('audit:read')
  return (
    <Item
      name={name}
      tags={
        key.revoked_at !== null ? (
          <span className="tag bad">revoked</span>
        ) : key.expires_at !== null ? (
          <Expiry time={key.expires_at} isAlone />
        ) : null
      }
      actions={
        isOld(key) ? null : (
          <>
            {maySeeUsage ? (
              <Button small onPress={() => onUsage(key)} aria-label={`Usage of ${name}`}>
                <ChartNoAxesColumn size={14} aria-hidden />
                Usage
              </Button>
            ) : null}
            <Button small onPress={() => onRotate(key)} aria-label={`Rotate ${name}`}>
              <RotateCcw size={14} aria-hidden />
              Rotate
            </Button>
            <IconButton label={`Revoke ${name}`} small look="quiet bad" onPress={() => onRevoke(key)}>
              <Trash2 size={14} aria-hidden />
            </IconButton>
          </>
        )
      }
    >
      <Tags label="Permissions" of={scopes.map((scope) => [scopeText(scope), scope])} />
      <p className="hint">
        {key.last_used_at === null ? (
          'Never used'
        ) : (
          <>
            Last used <Ago time={key.last_used_at} />
            {throughText(key)}
          </>
        )}
        {' · '}created <Ago time={key.created_at} />
        {makerText(key, revoked)}
        {networks.length === 0 ? ' · any network' : ` · from ${networks.join(', ')}`} · id{'\u00a0'}
        {key.id}
      </p>
    </Item>
  )
}

/** Where it is not the one that its documents are about. */
function throughText({ last_used_api: api }: ApiKey): string {
  if (api === 'vault') return ' through the Vault API'
  return api === 'lists' ? ' through the Secret Lists API' : ''
}

function isOld({ revoked_at: revoked, expires_at: expires }: ApiKey): boolean {
  return revoked !== null || expiryOf(expires) === 'expired'
}

/** Such as ` by ada@example.com`, and whether a key that made it is still in use. */
function makerText({ created_by: maker }: ApiKey, revoked: ReadonlySet<number>): string {
  if (maker === null) return ''
  if (maker.kind === 'host') return ' on the server’s host'
  if (maker.kind === 'workload') return ` for a job, under trust rule ${maker.id}`
  if (maker.kind !== 'key') return ` by ${maker.name}`
  return ` with the key ${maker.name} (id ${maker.id}${revoked.has(maker.id) ? ', revoked' : ''})`
}

function IssuedDialog({ of: key, onClose }: { readonly of: IssuedApiKey; readonly onClose: () => void }) {
  return (
    <OnceDialog title="Your new key" onClose={onClose}>
      <Note kind="warn">Copy it now: you won’t see it again.</Note>
      <CopyOnce text={key.api_key} what="The key" />
    </OnceDialog>
  )
}

function RevokeDialog({
  of: key,
  onClose,
  onRevoked,
}: {
  readonly of: ApiKey
  readonly onClose: () => void
  readonly onRevoked: () => Promise<unknown>
}) {
  const [cascade, setCascade] = useState(false)
  return (
    <Confirm
      title={`Revoke ${key.name}?`}
      onClose={onClose}
      submit="Revoke"
      run={async () => {
        await strongroom.keys.revoke(key.id, { cascade })
        toast(`${key.name} revoked${cascade ? ', with what it created' : ''}`)
        await onRevoked()
      }}
    >
      <p className="small">Takes effect immediately. Can’t be undone. Also ends its seeds.</p>
      <WhatIfNote change={{ kind: 'key', id: key.id, change: 'remove' }} />
      <MadeChoice
        who="This key"
        of={`key ${key.id}`}
        load={() => strongroom.keys.made(key.id)}
        isEnding={cascade}
        onEnding={setCascade}
      />
    </Confirm>
  )
}

const overlaps = [
  { id: '0', label: 'Not at all: revoke it now' },
  { id: '3600', label: 'One hour' },
  { id: '86400', label: 'One day' },
  { id: '604800', label: 'One week' },
  { id: '2592000', label: '30 days' },
] as const

function RotateDialog({
  of: key,
  onClose,
  onIssued,
}: {
  readonly of: ApiKey
  readonly onClose: () => void
  readonly onIssued: (key: IssuedApiKey) => Promise<void>
}) {
  const [overlap, setOverlap] = useState<(typeof overlaps)[number]['id']>('3600')
  return (
    <FormDialog
      title={`Rotate ${key.name}`}
      onClose={onClose}
      submit="Rotate"
      run={async () => onIssued(await strongroom.keys.rotate(key.id, { overlap_seconds: Number(overlap) }))}
    >
      <p className="small">
        Creates a key with the same permissions. The old key stays valid for a while, so that nothing stops.
      </p>
      <Select label="Keep old key valid for" value={overlap} choices={overlaps} onChoose={setOverlap} />
    </FormDialog>
  )
}
