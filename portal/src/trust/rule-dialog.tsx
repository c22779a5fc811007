/** Creating or editing a trust rule: whose tokens, their required claims, and the scopes of the keys. */
import { useState } from 'react'
import { type NewTrustRule, type Platform, platforms, strongroom, type TrustRule } from '../api/client.ts'
import { rights } from '../keys/scopes.ts'
import { type Chosen, chosenOf, ScopesField, scopesOf, useFirstChoice } from '../keys/scopes-field.tsx'
import { Checkbox, Field, Select, TextArea } from '../ui/controls.tsx'
import { type Faults, FormDialog } from '../ui/form.tsx'
import { wordsOf } from '../ui/words.ts'
import { WhatIfNote } from '../what-if/what-if.tsx'
import { claimsText, parseClaims } from './platforms.ts'

const lives = ['300', '600', '900', '1800', '3600'] as const

/** What a job makes would outlive it. */
const ruleRights = rights.filter(({ id }) => id !== 'keys:manage' && id !== 'account:manage')

interface Draft {
  readonly name: string
  readonly issuer: string
  readonly audience: string
  readonly claims: string
  readonly chosen: Chosen
  readonly networks: string
  readonly life: string
  readonly isSingleUse: boolean
  readonly jwksUrl: string
  readonly jwks: string
}

function draftOf(rule: TrustRule | undefined, first: Chosen): Draft {
  const [github] = platforms
  return {
    name: rule?.name ?? '',
    issuer: rule?.issuer ?? github?.issuer ?? '',
    audience: rule?.audience ?? location.origin,
    claims: claimsText(rule?.claims ?? github?.claims ?? {}),
    chosen: rule === undefined ? first : chosenOf(rule.scopes),
    networks: rule?.networks.join(', ') ?? '',
    life: String(rule?.key_ttl ?? 900),
    isSingleUse: rule?.single_use ?? true,
    jwksUrl: rule?.jwks_url ?? '',
    jwks: rule?.jwks === null || rule === undefined ? '' : JSON.stringify(rule.jwks, null, 2),
  }
}

export function RuleDialog({
  rule,
  onClose,
  onSaved,
}: {
  readonly rule?: TrustRule | undefined
  readonly onClose: () => void
  readonly onSaved: (rule: TrustRule) => Promise<void>
}) {
  const first = useFirstChoice(['secrets:read'])
  const [draft, setDraft] = useState(() => draftOf(rule, first))
  const change = (part: Partial<Draft>) => setDraft({ ...draft, ...part })
  const claims = parseClaims(draft.claims)
  const scopes = scopesOf(draft.chosen)
  const isReady = draft.name.trim() !== '' && draft.issuer !== '' && typeof claims !== 'string' && scopes.length > 0
  const save = async () => {
    if (typeof claims === 'string') return
    const input = inputOf(draft, claims, scopes)
    await onSaved(
      rule === undefined
        ? await strongroom.trustRules.create(input)
        : await strongroom.trustRules.update(rule.id, input),
    )
  }
  return (
    <FormDialog
      title={rule === undefined ? 'New trust rule' : `Edit ${rule.name}`}
      isWide
      onClose={onClose}
      submit={rule === undefined ? 'Create rule' : 'Save'}
      isReady={isReady}
      run={save}
    >
      {(faults) => (
        <>
          <TokenFields draft={draft} change={change} faults={faults} isNew={rule === undefined} />
          <ScopesField
            offered={ruleRights}
            chosen={draft.chosen}
            onChange={(chosen) => change({ chosen })}
            fault={faults['scopes']}
          />
          <Select
            label="Key lifetime"
            value={draft.life}
            choices={[...new Set([...lives, draft.life])].map((id) => ({ id, label: lifeText(Number(id)) }))}
            onChoose={(life) => change({ life })}
          />
          <MoreFields draft={draft} change={change} faults={faults} />
          <WhatIfNote change={narrowingOf(rule, scopes, wordsOf(draft.networks))} />
        </>
      )}
    </FormDialog>
  )
}

/** What is tried before it is saved: other scopes or networks for a rule that is there. */
function narrowingOf(rule: TrustRule | undefined, scopes: readonly string[], networks: readonly string[]) {
  if (rule === undefined || scopes.length === 0) return undefined
  const isSame = isSameSet(rule.scopes, scopes) && isSameSet(rule.networks, networks)
  return isSame ? undefined : ({ kind: 'trust_rule', id: rule.id, change: 'narrow', scopes, networks } as const)
}

function isSameSet(one: readonly string[], other: readonly string[]): boolean {
  return JSON.stringify([...one].sort()) === JSON.stringify([...other].sort())
}

interface FieldsProps {
  readonly draft: Draft
  readonly change: (part: Partial<Draft>) => void
  readonly faults: Faults
}

/** What the tokens are. */
function TokenFields({ draft, change, faults, isNew }: FieldsProps & { readonly isNew: boolean }) {
  const [platform, setPlatform] = useState<Platform['id']>('github')
  const claims = parseClaims(draft.claims)
  return (
    <>
      <Field
        label="Name"
        value={draft.name}
        onValue={(name) => change({ name })}
        maxLength={64}
        hint="Also the name of the keys it issues. Letters, digits, “_”, “.” and “-”."
        fault={faults['name']}
        autoFocus
        required
      />
      {isNew ? (
        <Select
          label="Platform"
          value={platform}
          choices={platforms}
          onChoose={(id) => {
            const next = platforms.find((one) => one.id === id)
            setPlatform(id)
            if (next === undefined) return
            const { issuer, audience = location.origin, claims } = next
            change({ issuer, audience, claims: claimsText(claims) })
          }}
        />
      ) : null}
      <Field
        label="Issuer"
        value={draft.issuer}
        onValue={(issuer) => change({ issuer })}
        hint="Exact iss claim of the tokens."
        fault={faults['issuer']}
        spellCheck={false}
        required
      />
      <Field
        label="Audience"
        value={draft.audience}
        onValue={(audience) => change({ audience })}
        hint="The aud claim: the job requests its token for this audience."
        fault={faults['audience']}
        spellCheck={false}
        required
      />
      <TextArea
        label="Required claims"
        rows={4}
        value={draft.claims}
        onValue={(text) => change({ claims: text })}
        hint={
          <>
            One name=value per line; all must match. * matches any characters.{' '}
            {isNew ? platforms.find(({ id }) => id === platform)?.about : null}
          </>
        }
        fault={faults['claims'] ?? (typeof claims === 'string' && draft.name !== '' ? claims : undefined)}
        spellCheck={false}
      />
    </>
  )
}

/** Rarely needed. */
function MoreFields({ draft, change, faults }: FieldsProps) {
  return (
    <details className="more">
      <summary>Networks, token reuse, issuer keys</summary>
      <div className="stack">
        <Field
          label="Allowed networks (CIDR)"
          value={draft.networks}
          onValue={(networks) => change({ networks })}
          placeholder="10.0.0.0/8"
          hint="For exchanging tokens and for using the keys. Leave blank for any network."
          fault={faults['networks']}
          spellCheck={false}
        />
        <Checkbox isSelected={draft.isSingleUse} onChange={(isSingleUse) => change({ isSingleUse })}>
          Accept each token once{' '}
          <span className="hint">Turn off for pods, which reuse a token until it’s replaced.</span>
        </Checkbox>
        <Field
          label="JWKS URL"
          value={draft.jwksUrl}
          onValue={(jwksUrl) => change({ jwksUrl })}
          hint="Leave blank to discover it from the issuer."
          fault={faults['jwks_url']}
          spellCheck={false}
        />
        <TextArea
          label="Public keys (JWKS)"
          rows={4}
          value={draft.jwks}
          onValue={(jwks) => change({ jwks })}
          hint="A JSON Web Key Set. If set, nothing is fetched."
          fault={faults['jwks']}
          spellCheck={false}
        />
      </div>
    </details>
  )
}

/** @throws Error for keys that are no JSON */
function inputOf(draft: Draft, claims: Readonly<Record<string, string>>, scopes: readonly string[]): NewTrustRule {
  const { name, issuer, audience, networks, life, isSingleUse, jwksUrl, jwks } = draft
  return {
    ...{ name: name.trim(), issuer: issuer.trim(), audience: audience.trim(), claims, scopes },
    networks: wordsOf(networks),
    key_ttl: Number(life),
    single_use: isSingleUse,
    jwks_url: jwksUrl.trim() === '' ? null : jwksUrl.trim(),
    jwks: jwks.trim() === '' ? null : parseKeySet(jwks),
  }
}

function parseKeySet(text: string): NonNullable<NewTrustRule['jwks']> {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error('The public keys aren’t valid JSON. Paste the whole document, with its braces.')
  }
}

export function lifeText(seconds: number): string {
  return seconds % 60 === 0 ? `${seconds / 60} minutes` : `${seconds} seconds`
}
