/** The people of the account: invite, change roles, disable, reset. */
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { KeyRound, MoreHorizontal, Pencil, ShieldOff, Trash2, UserPlus, UserX } from 'lucide-react'
import { useState } from 'react'
import { Button as AriaButton } from 'react-aria-components/Button'
import { type OneTimeLink, type Role, type User, users } from '../api/account.ts'
import { act, Cancelled, read, sentenceOf } from '../api/ask.ts'
import { useSession } from '../session/store.ts'
import { FormDialog } from '../ui/confirm.tsx'
import { Button, Field, Select } from '../ui/controls.tsx'
import { CopyOnce } from '../ui/copy.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { MadeChoice } from '../ui/made.tsx'
import { Menu } from '../ui/menu.tsx'
import { Loading, Note, PageHead, Trouble } from '../ui/states.tsx'
import { Ago, exactTime } from '../ui/time.tsx'
import { toast } from '../ui/toast.tsx'
import { wordsOf } from '../ui/words.ts'

const roles: Readonly<Record<Role, string>> = {
  owner: 'Everything, and who else is an owner',
  admin: 'Everything but the owners',
  editor: 'Read and change secrets and lists',
  reader: 'See and read secrets',
  auditor: 'The audit trail, and nothing else',
}
const roleIds = ['owner', 'admin', 'editor', 'reader', 'auditor'] as const

const whoOf = ({ email, name }: User) => email ?? name

type Open = { readonly kind: 'new' } | { readonly kind: 'edit' | 'delete' | 'disable' | 'factors'; readonly user: User }

export function UsersPage() {
  const cache = useQueryClient()
  const { user: me } = useSession()
  const { data, error, refetch } = useQuery({ queryKey: ['users'], queryFn: () => read(users.list) })
  const [open, setOpen] = useState<Open>()
  const [link, setLink] = useState<{ readonly made: OneTimeLink; readonly who: string }>()
  const refresh = () => cache.invalidateQueries({ queryKey: ['users'] })
  const close = () => setOpen(undefined)
  const attempt = async (what: () => Promise<void>) => {
    try {
      await what()
      await refresh()
    } catch (failure) {
      if (!(failure instanceof Cancelled)) toast(sentenceOf(failure), true)
    }
  }
  const reset = (user: User) =>
    attempt(async () => {
      setLink({ made: await act(() => users.reset(user.id)), who: whoOf(user) })
    })
  const enable = (user: User) =>
    attempt(async () => {
      await act(() => users.update(user.id, { disabled: false }))
      toast(`${whoOf(user)} can sign in again`)
    })
  return (
    <div className="page">
      <PageHead title="Users" about="Who can sign in here, and what their role lets them do.">
        <Button look="primary" onPress={() => setOpen({ kind: 'new' })} data-new>
          <UserPlus size={14} aria-hidden />
          Invite
        </Button>
      </PageHead>
      <section className="card" aria-label="Users">
        {error !== null ? <Trouble error={error} onRetry={() => void refetch()} /> : null}
        {data === undefined && error === null ? <Loading /> : null}
        <ul className="items">
          {data?.map((user) => (
            <li key={user.id}>
              <span className="avatar" aria-hidden style={{ width: 32, height: 32 }}>
                {user.name.slice(0, 1).toUpperCase()}
              </span>
              <div className="item-main" style={{ gap: 2 }}>
                <div className="row">
                  <strong className="break">{user.name}</strong>
                  <span className="tag info">{user.role}</span>
                  {user.state === 'active' ? null : (
                    <span className={`tag ${user.state === 'disabled' ? 'bad' : 'warn'}`}>{user.state}</span>
                  )}
                  {user.second_factor ? <span className="tag ok">second factor</span> : null}
                  {user.id === me.id ? <span className="tag">you</span> : null}
                </div>
                <p className="hint break">
                  {user.email === null ? '' : `${user.email} · `}
                  {user.name_patterns === null ? '' : `only ${user.name_patterns.join(', ')} · `}
                  {user.last_sign_in_at === null ? (
                    'never signed in'
                  ) : (
                    <>
                      signed in <Ago time={user.last_sign_in_at} />
                    </>
                  )}
                </p>
              </div>
              <div className="item-end">
                <Menu
                  label={`Actions for ${whoOf(user)}`}
                  trigger={
                    <AriaButton className="btn icon small quiet" aria-label={`Actions for ${whoOf(user)}`}>
                      <MoreHorizontal size={16} aria-hidden />
                    </AriaButton>
                  }
                  entries={[
                    {
                      id: 'edit',
                      label: 'Change role and names',
                      icon: <Pencil size={15} aria-hidden />,
                      onAction: () => setOpen({ kind: 'edit', user }),
                    },
                    {
                      id: 'reset',
                      label: user.state === 'invited' ? 'New invitation link' : 'Reset password',
                      icon: <KeyRound size={15} aria-hidden />,
                      onAction: () => void reset(user),
                    },
                    ...(user.second_factor
                      ? [
                          {
                            id: 'factors',
                            label: 'Reset second factor',
                            icon: <ShieldOff size={15} aria-hidden />,
                            onAction: () => setOpen({ kind: 'factors', user }),
                          },
                        ]
                      : []),
                    ...(user.state === 'invited'
                      ? []
                      : [
                          {
                            id: 'disable',
                            label: user.state === 'disabled' ? 'Let sign in again' : 'Disable',
                            icon: <UserX size={15} aria-hidden />,
                            onAction: () =>
                              user.state === 'disabled' ? void enable(user) : setOpen({ kind: 'disable', user }),
                          },
                        ]),
                    {
                      id: 'delete',
                      label: 'Delete',
                      isBad: true,
                      icon: <Trash2 size={15} aria-hidden />,
                      onAction: () => setOpen({ kind: 'delete', user }),
                    },
                  ]}
                />
              </div>
            </li>
          ))}
        </ul>
      </section>
      {open?.kind === 'new' ? (
        <UserDialog
          onClose={close}
          run={async ({ email, role, patterns }) => {
            const narrowed = patterns.length === 0 ? {} : { name_patterns: patterns }
            setLink({ made: await users.create({ email, role, ...narrowed }), who: email })
            await refresh()
          }}
        />
      ) : null}
      {open?.kind === 'edit' ? (
        <UserDialog
          user={open.user}
          onClose={close}
          run={async ({ role, patterns }) => {
            await users.update(open.user.id, { role, name_patterns: patterns.length === 0 ? null : patterns })
            toast(`${whoOf(open.user)} is changed`)
            await refresh()
          }}
        />
      ) : null}
      {open?.kind === 'factors' ? (
        <FormDialog
          title={`Reset the second factor of ${whoOf(open.user)}?`}
          isOpen
          isBad
          onClose={close}
          submit="Reset"
          run={async () => {
            await users.resetFactors(open.user.id)
            toast(`${whoOf(open.user)} signs in with the password alone, and sets up a new second factor`)
            await refresh()
          }}
        >
          <p className="small">
            Passkeys, authenticator app and recovery codes go, and all sessions end. Do this for somebody who has lost
            them, once you are sure that it is them who asks.
          </p>
        </FormDialog>
      ) : null}
      {open?.kind === 'delete' ? (
        <EndDialog
          user={open.user}
          verb="Delete"
          onClose={close}
          run={async (cascade) => {
            await users.delete(open.user.id, cascade)
            toast(`${whoOf(open.user)} is deleted${cascade ? ', with what they made' : ''}`)
            await refresh()
          }}
        />
      ) : null}
      {open?.kind === 'disable' ? (
        <EndDialog
          user={open.user}
          verb="Disable"
          onClose={close}
          run={async (cascade) => {
            await users.update(open.user.id, { disabled: true }, cascade)
            toast(`${whoOf(open.user)} can no longer sign in${cascade ? ', and what they made has ended' : ''}`)
            await refresh()
          }}
        />
      ) : null}
      <Dialog title="One-time link" isOpen={link !== undefined} onClose={() => undefined} isFirm>
        {link === undefined ? null : (
          <div className="stack">
            <p className="small">
              Give it to {link.who} by a way that you trust: there is no mail server. It is shown this once, works once,
              and ends {exactTime(link.made.invitation_expires_at)}.
            </p>
            <CopyOnce text={link.made.invitation_url} what="The link" />
            <div className="actions">
              <Button look="primary" onPress={() => setLink(undefined)}>
                I have passed it on
              </Button>
            </div>
          </div>
        )}
      </Dialog>
    </div>
  )
}

/** Before somebody is shut out: what they made goes on, unless it is ended with them. */
function EndDialog({
  user,
  verb,
  onClose,
  run,
}: {
  readonly user: User
  readonly verb: 'Delete' | 'Disable'
  readonly onClose: () => void
  readonly run: (cascade: boolean) => Promise<void>
}) {
  const [cascade, setCascade] = useState(false)
  return (
    <FormDialog title={`${verb} ${whoOf(user)}?`} isOpen isBad onClose={onClose} submit={verb} run={() => run(cascade)}>
      <p className="small">
        All sessions end at once, and seeds too. What they did stays in the trail. Change what they have read, if they
        should not have it.
      </p>
      <MadeChoice
        who="This user"
        of={`user ${user.id}`}
        load={() => users.made(user.id)}
        isEnding={cascade}
        onEnding={setCascade}
      />
    </FormDialog>
  )
}

interface Wanted {
  readonly email: string
  readonly role: Role
  readonly patterns: readonly string[]
}

function UserDialog({
  user,
  onClose,
  run,
}: {
  readonly user?: User
  readonly onClose: () => void
  readonly run: (wanted: Wanted) => Promise<void>
}) {
  const { user: me } = useSession()
  const [email, setEmail] = useState(user?.email ?? '')
  const [role, setRole] = useState<Role>(user?.role ?? 'reader')
  const [names, setNames] = useState(user?.name_patterns?.join(', ') ?? '')
  const choices = roleIds
    .filter((id) => me.role === 'owner' || id !== 'owner')
    .map((id) => ({ id, label: id, more: roles[id] }))
  return (
    <FormDialog
      title={user === undefined ? 'Invite somebody' : `Change ${whoOf(user)}`}
      isOpen
      onClose={onClose}
      submit={user === undefined ? 'Make the link' : 'Save'}
      isReady={user !== undefined || email.trim() !== ''}
      run={() => run({ email: email.trim(), role, patterns: wordsOf(names) })}
    >
      {user === undefined ? (
        <Field label="Email" type="email" value={email} onValue={setEmail} autoComplete="off" autoFocus required />
      ) : null}
      <Select label="Role" value={role} choices={choices} onChoose={setRole} />
      <Field
        label="Only secrets that are called"
        value={names}
        onValue={setNames}
        placeholder="staging-*"
        hint="Names, or patterns with *. Empty for all."
        spellCheck={false}
      />
      {role === 'owner' ? <Note kind="warn">An owner may do everything, and make and remove other owners.</Note> : null}
    </FormDialog>
  )
}
