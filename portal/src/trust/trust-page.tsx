/** Trust rules: whose jobs get keys that live minutes, without one that is stored. */
import { Handshake, Pencil, Plus, Trash2 } from 'lucide-react'
import { Link } from 'wouter'
import { strongroom, type TrustRule } from '../api/client.ts'
import { useListing, useRefresh } from '../api/queries.ts'
import { scopeText } from '../keys/scopes.ts'
import { Card } from '../ui/card.tsx'
import { Button, IconButton } from '../ui/controls.tsx'
import { useDialog } from '../ui/dialog.tsx'
import { Facts } from '../ui/facts.tsx'
import { Confirm } from '../ui/form.tsx'
import { Item, Items, Tags } from '../ui/items.tsx'
import { Page } from '../ui/page.tsx'
import { Empty, Loaded } from '../ui/states.tsx'
import { Ago } from '../ui/time.tsx'
import { toast } from '../ui/toast.tsx'
import { platformOf } from './platforms.ts'
import { lifeText, RuleDialog } from './rule-dialog.tsx'

const listed = ['trust-rules']

export function TrustPage() {
  const rules = useListing(listed, (options) => strongroom.trustRules.list(options))
  const refresh = useRefresh(listed)
  const { dialog, open } = useDialog()
  const edit = (rule?: TrustRule) =>
    open((close) => (
      <RuleDialog
        rule={rule}
        onClose={close}
        onSaved={async ({ name }) => {
          toast(`${name} is ${rule === undefined ? 'created' : 'changed'}`)
          await refresh()
        }}
      />
    ))
  return (
    <Page
      title="Trust rules"
      about="Jobs and pods trade the token that their platform signed for a key that lives minutes. Nothing is stored with them."
      actions={
        <Button look="primary" onPress={() => edit()} data-new>
          <Plus size={14} aria-hidden />
          New rule
        </Button>
      }
    >
      <Card label="Trust rules">
        <Loaded of={rules}>
          {(all) => (
            <Items
              of={all}
              empty={
                <Empty icon={Handshake} title="No rule yet">
                  A rule says which tokens are trusted, such as those of the main branch of one repository, and what the
                  keys may read. The job then needs no <Link href="/keys">API key</Link> that somebody could steal.
                </Empty>
              }
            >
              {(rule) => (
                <RuleItem
                  key={rule.id}
                  of={rule}
                  onChange={() => edit(rule)}
                  onDelete={() => open((close) => <DeleteDialog of={rule} onClose={close} />)}
                />
              )}
            </Items>
          )}
        </Loaded>
      </Card>
      {dialog}
    </Page>
  )
}

function RuleItem({
  of: rule,
  onChange,
  onDelete,
}: {
  readonly of: TrustRule
  readonly onChange: () => void
  readonly onDelete: () => void
}) {
  const platform = platformOf(rule.issuer)
  return (
    <Item
      name={rule.name}
      tags={platform === undefined ? null : <span className="tag info">{platform}</span>}
      actions={
        <>
          <Button small onPress={onChange} aria-label={`Change ${rule.name}`}>
            <Pencil size={14} aria-hidden />
            Change
          </Button>
          <IconButton label={`Delete ${rule.name}`} small look="quiet bad" onPress={onDelete}>
            <Trash2 size={14} aria-hidden />
          </IconButton>
        </>
      }
    >
      <Tags label="Its keys may" of={rule.scopes.map((scope) => [scopeText(scope), scope])} />
      <Facts
        look="compact"
        of={[['Issuer', rule.issuer], ['Audience', rule.audience], ...Object.entries(rule.claims)]}
      />
      <p className="hint">
        A key lives {lifeText(rule.key_ttl)}
        {rule.networks.length === 0 ? ' · from anywhere' : ` · from ${rule.networks.join(', ')}`}
        {rule.single_use ? '' : ' · tokens may be used again'}
        {rule.jwks === null ? '' : ' · keys of the issuer are kept here'} · changed <Ago time={rule.updated_at} />
      </p>
    </Item>
  )
}

function DeleteDialog({ of: { id, name }, onClose }: { readonly of: TrustRule; readonly onClose: () => void }) {
  const refresh = useRefresh(listed)
  return (
    <Confirm
      title={`Delete ${name}?`}
      onClose={onClose}
      submit="Delete"
      run={async () => {
        await strongroom.trustRules.delete(id)
        toast(`${name} is deleted`)
        await refresh()
      }}
    >
      <p className="small">
        Its tokens are refused from now on, and every key that was made under it is revoked at once. Jobs that still use
        one fail.
      </p>
    </Confirm>
  )
}
