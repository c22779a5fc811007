/** The people of the account: invite, edit roles, disable, reset. */
import { KeyRound, type LucideIcon, MoreHorizontal, Pencil, ShieldOff, Trash2, UserPlus, UserX } from 'lucide-react'
import { Button as AriaButton } from 'react-aria-components/Button'
import { type OneTimeLink, strongroom, type User } from '../api/client.ts'
import { usePages, useRefresh } from '../api/queries.ts'
import { useSession } from '../api/session.ts'
import { users } from '../api/users.ts'
import { attempt } from '../ui/attempt.ts'
import { Card } from '../ui/card.tsx'
import { Button } from '../ui/controls.tsx'
import { CopyOnce } from '../ui/copy.tsx'
import { useDialog } from '../ui/dialog.tsx'
import { Item, Tags } from '../ui/items.tsx'
import { Menu } from '../ui/menu.tsx'
import { OnceDialog } from '../ui/once.tsx'
import { Page } from '../ui/page.tsx'
import { PagedItems, useFindMade } from '../ui/paged.tsx'
import { Ago, exactTime } from '../ui/time.tsx'
import { toast } from '../ui/toast.tsx'
import { EndDialog, FactorsDialog, UserDialog, whoOf } from './user-dialogs.tsx'

const listed = ['users']

export function UsersPage() {
  const all = usePages(listed, (query, options) => strongroom.users.page(query, options))
  const findMade = useFindMade(all)
  const refresh = useRefresh(listed)
  const { dialog, open } = useDialog()
  const showLink = (link: OneTimeLink, who: string) =>
    open((close) => <LinkDialog of={link} who={who} onClose={close} />)
  const does: ForUser = {
    invite: () =>
      open((close) => (
        <UserDialog
          onClose={close}
          run={async ({ email, role, patterns, placed }) => {
            const narrowed = patterns.length === 0 ? {} : { name_patterns: patterns }
            showLink(await users.create({ email, role, ...narrowed, environment_roles: placed }), email)
            findMade(email)
            await refresh()
          }}
        />
      )),
    edit: (user) =>
      open((close) => (
        <UserDialog
          user={user}
          onClose={close}
          run={async ({ role, patterns, placed }) => {
            const name_patterns = patterns.length === 0 ? null : patterns
            await users.update(user.id, { role, name_patterns, environment_roles: placed })
            toast(`${whoOf(user)} saved`)
            await refresh()
          }}
        />
      )),
    reset: (user) =>
      void attempt(async () => {
        showLink(await users.reset(user.id), whoOf(user))
        await refresh()
      }),
    enable: (user) =>
      void attempt(async () => {
        await users.update(user.id, { disabled: false })
        toast(`${whoOf(user)} enabled`)
        await refresh()
      }),
    resetFactors: (user) => open((close) => <FactorsDialog user={user} onClose={close} onDone={refresh} />),
    end: (user, verb) => open((close) => <EndDialog user={user} verb={verb} onClose={close} onDone={refresh} />),
  }
  return (
    <Page
      title="Users"
      about="Who can sign in, and what their role allows."
      actions={
        <Button look="primary" onPress={does.invite} data-new>
          <UserPlus size={14} aria-hidden />
          Invite user
        </Button>
      }
    >
      <Card label="Users">
        <PagedItems
          of={all}
          noun="user"
          textOf={({ name, email, role, state }) => [name, email ?? '', role, state].join(' ')}
        >
          {(user) => <UserItem key={user.id} of={user} does={does} />}
        </PagedItems>
      </Card>
      {dialog}
    </Page>
  )
}

/** What one can do, and with a user. */
interface ForUser {
  readonly invite: () => void
  readonly edit: (user: User) => void
  readonly reset: (user: User) => void
  readonly enable: (user: User) => void
  readonly resetFactors: (user: User) => void
  readonly end: (user: User, verb: 'Delete' | 'Disable') => void
}

function UserItem({ of: user, does }: { readonly of: User; readonly does: ForUser }) {
  const { user: me } = useSession()
  const placed = Object.entries(user.environment_roles ?? {})
  return (
    <Item
      name={user.name}
      picture={
        <span className="avatar large" aria-hidden>
          {user.name.slice(0, 1).toUpperCase()}
        </span>
      }
      tags={
        <>
          <span className="tag info">{user.role}</span>
          {user.state === 'active' ? null : (
            <span className={`tag ${user.state === 'disabled' ? 'bad' : 'warn'}`}>{user.state}</span>
          )}
          {user.second_factor ? <span className="tag ok">2FA</span> : null}
          {user.id === me.id ? <span className="tag">you</span> : null}
        </>
      }
      actions={<UserMenu of={user} does={does} />}
    >
      {placed.length === 0 ? null : (
        <Tags label="Role in each environment" of={placed.map(([where, role]) => [`${where}: ${role}`, where])} />
      )}
      <p className="hint break">
        {user.email === null ? '' : `${user.email} · `}
        {user.name_patterns === null ? '' : `limited to ${user.name_patterns.join(', ')} · `}
        {user.last_sign_in_at === null ? (
          'never signed in'
        ) : (
          <>
            last signed in <Ago time={user.last_sign_in_at} />
          </>
        )}
      </p>
    </Item>
  )
}

function UserMenu({ of: user, does }: { readonly of: User; readonly does: ForUser }) {
  const { state } = user
  const entry = (label: string, Icon: LucideIcon, onAction: () => void) => ({
    id: label,
    label,
    icon: <Icon size={15} aria-hidden />,
    onAction,
  })
  return (
    <Menu
      label={`Actions for ${whoOf(user)}`}
      trigger={
        <AriaButton className="btn icon small quiet" aria-label={`Actions for ${whoOf(user)}`}>
          <MoreHorizontal size={16} aria-hidden />
        </AriaButton>
      }
      entries={[
        entry('Edit access', Pencil, () => does.edit(user)),
        entry(state === 'invited' ? 'New invite link' : 'Reset password', KeyRound, () => does.reset(user)),
        ...(user.second_factor
          ? [entry('Reset two-factor authentication', ShieldOff, () => does.resetFactors(user))]
          : []),
        ...(state === 'active' ? [entry('Disable', UserX, () => does.end(user, 'Disable'))] : []),
        ...(state === 'disabled' ? [entry('Enable', UserX, () => does.enable(user))] : []),
        { ...entry('Delete', Trash2, () => does.end(user, 'Delete')), isBad: true },
      ]}
    />
  )
}

function LinkDialog({
  of: link,
  who,
  onClose,
}: {
  readonly of: OneTimeLink
  readonly who: string
  readonly onClose: () => void
}) {
  return (
    <OnceDialog title="One-time link" close="Done" onClose={onClose}>
      <p className="small">
        Send it to {who} over a secure channel: Strongroom sends no email. You won’t see it again. It works once, and
        expires {exactTime(link.invitation_expires_at)}.
      </p>
      <CopyOnce text={link.invitation_url} what="The link" />
    </OnceDialog>
  )
}
