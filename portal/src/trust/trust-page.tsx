/** Trust rules: whose jobs get short-lived keys, without a stored one. */
import { Handshake, Pencil, Plus, Trash2 } from 'lucide-react'
import { Link } from 'wouter'
import { strongroom, type TrustRule } from '../api/client.ts'
import { usePages, useRefresh } from '../api/queries.ts'
import { scopeText } from '../keys/scopes.ts'
import { Card } from '../ui/card.tsx'
import { Button, IconButton } from '../ui/controls.tsx'
import { useDialog } from '../ui/dialog.tsx'
import { Facts } from '../ui/facts.tsx'
import { Confirm } from '../ui/form.tsx'
import { Item, Tags } from '../ui/items.tsx'
import { Page } from '../ui/page.tsx'
import { PagedItems } from '../ui/paged.tsx'
import { Empty } from '../ui/states.tsx'
import { Ago } from '../ui/time.tsx'
import { toast } from '../ui/toast.tsx'
import { WhatIfNote } from '../what-if/what-if.tsx'
import { platformOf } from './platforms.ts'
import { lifeText, RuleDialog } from './rule-dialog.tsx'

const listed = ['trust-rules']

export function TrustPage() {
  const rules = usePages(listed, (query, options) => strongroom.trustRules.page(query, options))
  const refresh = useRefresh(listed)
  const { dialog, open } = useDialog()
  const edit = (rule?: TrustRule) =>
    open((close) => (
      <RuleDialog
        rule={rule}
        onClose={close}
        onSaved={async ({ name }) => {
          toast(`${name} ${rule === undefined ? 'created' : 'saved'}`)
          await refresh()
        }}
      />
    ))
  return (
    <Page
      title="Trust rules"
      about="Let CI jobs and pods exchange a signed OIDC token for a short-lived key. No stored secret needed."
      actions={
        <Button look="primary" onPress={() => edit()} data-new>
          <Plus size={14} aria-hidden />
          New rule
        </Button>
      }
    >
      <Card label="Trust rules">
        <PagedItems
          of={rules}
          noun="rule"
          textOf={({ name, issuer, audience, claims, scopes }) =>
            [name, issuer, platformOf(issuer), audience, ...Object.values(claims), ...scopes].join(' ')
          }
          empty={
            <Empty icon={Handshake} title="No trust rules yet">
              A rule says which tokens to trust, such as those of one repository’s main branch, and which permissions
              their keys get. The job then needs no stored <Link href="/keys">API key</Link>.
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
        </PagedItems>
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
          <Button small onPress={onChange} aria-label={`Edit ${rule.name}`}>
            <Pencil size={14} aria-hidden />
            Edit
          </Button>
          <IconButton label={`Delete ${rule.name}`} small look="quiet bad" onPress={onDelete}>
            <Trash2 size={14} aria-hidden />
          </IconButton>
        </>
      }
    >
      <Tags label="Permissions" of={rule.scopes.map((scope) => [scopeText(scope), scope])} />
      <Facts
        look="compact"
        of={[['Issuer', rule.issuer], ['Audience', rule.audience], ...Object.entries(rule.claims)]}
      />
      <p className="hint">
        Key lifetime: {lifeText(rule.key_ttl)}
        {rule.networks.length === 0 ? ' · any network' : ` · from ${rule.networks.join(', ')}`}
        {rule.single_use ? '' : ' · tokens can be reused'}
        {rule.jwks === null ? '' : ' · public keys stored here'} · updated <Ago time={rule.updated_at} />
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
        toast(`${name} deleted`)
        await refresh()
      }}
    >
      <p className="small">
        Takes effect immediately. Its tokens are refused, and all keys issued under it are revoked: jobs that still use
        one fail.
      </p>
      <WhatIfNote change={{ kind: 'trust_rule', id, change: 'remove' }} />
    </Confirm>
  )
}
