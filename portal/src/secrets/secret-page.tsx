/** One secret: its value behind an eye, its history, what is known of it, who has read it. */
import { Pencil, RefreshCw, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { Link } from 'wouter'
import { codeOf } from '../api/ask.ts'
import { type Metadata, strongroom, type Tagged, versionTag } from '../api/client.ts'
import { HoldersCard, StaleAhead } from '../deployments/holders.tsx'
import { useKeeping } from '../session/kept.tsx'
import { useRights } from '../session/rights.ts'
import { Card, CardFoot } from '../ui/card.tsx'
import { Button } from '../ui/controls.tsx'
import { useDialog } from '../ui/dialog.tsx'
import { Facts } from '../ui/facts.tsx'
import { Confirm } from '../ui/form.tsx'
import { useNavigateFromHere } from '../ui/here.ts'
import { Crumbs, Page, Waiting } from '../ui/page.tsx'
import { Note, Trouble } from '../ui/states.tsx'
import { Ago, Expiry } from '../ui/time.tsx'
import { pageSaved } from '../ui/unsaved.ts'
import { WhatIfNote } from '../what-if/what-if.tsx'
import { AccessCard } from './access.tsx'
import { useAsOpened } from './as-opened.ts'
import { ChangeValueDialog } from './change-value.tsx'
import { DecoyFoot, decoyText } from './decoy.tsx'
import { EditDetailsDialog } from './edit-details.tsx'
import { folderOf, folderSteps } from './folders.ts'
import { HistoryCard } from './history.tsx'
import { useRefreshSecrets, useSecret } from './queries.ts'
import { ReadersCard } from './readers.tsx'
import { RenameForm } from './rename.tsx'
import { CurrentValue } from './reveal.tsx'
import { typeLabel } from './types.ts'
import { useSayDeleted } from './undo.ts'

export function SecretPage({ id }: { readonly id: number | undefined }) {
  const { data: secret, error, refetch } = useSecret(id)
  if (secret !== undefined) return <Known secret={secret} isGone={codeOf(error) === 'not_found'} />
  if (id === undefined || error !== null) {
    return (
      <Page title="Secret">
        <Trouble error={error ?? new Error('This address has no secret ID.')} onRetry={() => void refetch()} />
      </Page>
    )
  }
  return <Waiting label="Loading the secret" />
}

/** @param isGone what is typed stays, and can be copied */
function Known({ secret, isGone }: { readonly secret: Metadata & Tagged; readonly isGone: boolean }) {
  const { name, list, description, version } = secret
  const rights = useRights()
  const { dialog, open } = useDialog()
  const [renaming, setRenaming] = useState<'not yet' | 'now' | 'done'>('not yet')
  return (
    <Page
      above={
        <Crumbs
          steps={[
            ['Secrets', '/secrets'],
            ...(list === null ? [] : [[list.name, `/secrets?list=${encodeURIComponent(list.name)}`] as const]),
            ...folderSteps(folderOf(name)),
          ]}
        />
      }
      title={name}
      titleEditor={renaming === 'now' ? <RenameForm secret={secret} onClose={() => setRenaming('done')} /> : undefined}
      about={description === '' ? undefined : description}
      actions={
        rights.can('secrets:write', name) ? (
          <>
            {renaming === 'now' ? null : (
              <Button look="quiet" onPress={() => setRenaming('now')} autoFocus={renaming === 'done'}>
                Rename
              </Button>
            )}
            <Button onPress={() => open((close) => <EditDetailsDialog secret={secret} onClose={close} />)}>
              <Pencil size={14} aria-hidden />
              Edit
            </Button>
            <Button
              look="primary"
              onPress={() => open((close) => <ChangeValueDialog secret={secret} onClose={close} />)}
            >
              <RefreshCw size={14} aria-hidden />
              New value
            </Button>
          </>
        ) : null
      }
    >
      {isGone ? <Note kind="warn">This secret was deleted.</Note> : null}
      <div className="split">
        <div className="stack">
          <Card title="Value" end={<span className="hint">Version {version}</span>} isPadded>
            {rights.can('secrets:read', name) ? (
              <CurrentValue secret={secret} />
            ) : (
              <Note>Your role can’t read this value.</Note>
            )}
          </Card>
          <HoldersCard secret={secret} />
          <HistoryCard secret={secret} />
          {rights.can('audit:read', name) ? <AccessCard secret={secret} /> : null}
          {rights.hasAll('audit:read') ? <ReadersCard secret={secret} /> : null}
        </div>
        <aside className="card" aria-label="Details">
          <Details secret={secret} />
          {rights.can('secrets:delete', name) ? (
            <CardFoot>
              <Button
                look="quiet bad"
                small
                onPress={() => open((close) => <DeleteDialog secret={secret} onClose={close} />)}
              >
                <Trash2 size={14} aria-hidden />
                Delete secret
              </Button>
            </CardFoot>
          ) : null}
        </aside>
      </div>
      {dialog}
    </Page>
  )
}

function Details({ secret }: { readonly secret: Metadata }) {
  return (
    <>
      <div className="card-pad">
        <Facts look="beside" of={factsOf(secret)} />
      </div>
      {useRights().can('secrets:write', secret.name) ? <DecoyFoot secret={secret} /> : null}
    </>
  )
}

function factsOf({ id, list, type, filename, tags, decoy, ...times }: Metadata): Parameters<typeof Facts>[0]['of'] {
  return [
    ...(list === null ? [] : [['List', list.name] as const]),
    ['Type', `${typeLabel(type)}${filename === null ? '' : `, ${filename}`}`],
    ['Expires', <Expiry key="expires" time={times.expires_at} />],
    ['Tags', <TagLinks key="tags" tags={tags} />],
    ...(decoy ? [['Decoy', decoyText(decoy)] as const] : []),
    ['Updated', <Ago key="updated" time={times.updated_at} />],
    ['Created', <Ago key="created" time={times.created_at} />],
    [
      'ID',
      <span key="id" className="mono">
        {id}
      </span>,
    ],
  ]
}

function TagLinks({ tags }: Pick<Metadata, 'tags'>) {
  if (tags.length === 0) return <span className="muted">None</span>
  return (
    <span className="row scopes">
      {tags.map((tag) => (
        <Link key={tag} className="tag" href={`/secrets?tag=${encodeURIComponent(tag)}`}>
          {tag}
        </Link>
      ))}
    </span>
  )
}

function DeleteDialog({ secret: opened, onClose }: { readonly secret: Metadata; readonly onClose: () => void }) {
  const { secret, catchUp } = useAsOpened(opened)
  const { id } = secret
  const navigate = useNavigateFromHere()
  const refresh = useRefreshSecrets()
  const keeping = useKeeping()
  const sayDeleted = useSayDeleted()
  const destroy = async () => {
    try {
      sayDeleted(secret.name, [await strongroom.secrets.delete(id, { ifMatch: versionTag(secret.version) })])
      pageSaved()
      navigate('/secrets')
    } catch (error) {
      await catchUp(error)
      throw error
    } finally {
      await refresh()
    }
  }
  return (
    <Confirm
      title={`Delete ${secret.name}?`}
      onClose={onClose}
      submit={keeping.submit}
      mustType={secret.name}
      run={destroy}
    >
      <p className="small">Deletes every version. Programs that read it will fail. {keeping.sentence}</p>
      <WhatIfNote change={{ kind: 'secret', id, change: 'remove' }} />
      <StaleAhead secret={secret} isDeletion />
    </Confirm>
  )
}
