/** The pages: where they are, what they are called, and what one needs to see them. */
import {
  Blocks,
  FileCode2,
  FolderClosed,
  Gauge,
  Handshake,
  History,
  KeyRound,
  Layers,
  type LucideIcon,
  PackageCheck,
  ScrollText,
  Server,
  Settings,
  Users,
  Webhook,
} from 'lucide-react'
import { useEnvironments, useSeesEnvironments } from '../session/environments.ts'
import { type Rights, useRights } from '../session/rights.ts'

/** In place of a right: to see an environment. Whoever may do something in one does. */
const seeing = 'environments'

export interface NavigationItem {
  readonly path: string
  readonly label: string
  readonly icon: LucideIcon
  /** The second key after `g`. */
  readonly key: string
  readonly group: 'Secrets' | 'Access' | 'Account'
  readonly right?: string
}

const items: readonly NavigationItem[] = [
  { path: '/', label: 'Overview', icon: Gauge, key: 'o', group: 'Secrets' },
  { path: '/secrets', label: 'Secrets', icon: Blocks, key: 's', group: 'Secrets', right: 'secrets:list' },
  { path: '/lists', label: 'Lists', icon: FolderClosed, key: 'l', group: 'Secrets', right: 'secrets:list' },
  { path: '/cloud-init', label: 'Cloud-init', icon: FileCode2, key: 'c', group: 'Secrets', right: 'secrets:list' },
  {
    path: '/deployments',
    label: 'Deployments',
    icon: PackageCheck,
    key: 'd',
    group: 'Secrets',
    right: 'secrets:list',
  },
  { path: '/deleted', label: 'Recently deleted', icon: History, key: 'y', group: 'Secrets', right: 'secrets:list' },
  { path: '/keys', label: 'API keys', icon: KeyRound, key: 'k', group: 'Access', right: 'keys:manage' },
  { path: '/trust-rules', label: 'Trust rules', icon: Handshake, key: 'r', group: 'Access', right: 'keys:manage' },
  { path: '/machines', label: 'Machines', icon: Server, key: 'm', group: 'Access', right: 'account:manage' },
  { path: '/users', label: 'Users', icon: Users, key: 'u', group: 'Access', right: 'account:manage' },
  { path: '/audit', label: 'Audit', icon: ScrollText, key: 'a', group: 'Account', right: 'audit:read' },
  { path: '/webhooks', label: 'Webhooks', icon: Webhook, key: 'w', group: 'Account', right: 'audit:read' },
  { path: '/environments', label: 'Environments', icon: Layers, key: 'e', group: 'Account', right: seeing },
  { path: '/settings', label: 'Settings', icon: Settings, key: 't', group: 'Account' },
]

/** A page that one may not see, and what one would need to be allowed. */
export interface Bar {
  readonly label: string
  readonly deed: string
}

/** What each page is for, whose right one may lack. */
const deeds: Readonly<Record<string, string>> = {
  'secrets:list': 'list secrets',
  'secrets:write': 'create secrets',
  'keys:manage': 'manage API keys',
  'audit:read': 'read the audit log',
  'account:manage': 'manage the account',
  [seeing]: 'see environments',
}

const places: readonly { readonly path: string; readonly label: string; readonly right?: string }[] = [
  { path: '/secrets/new', label: 'New secret', right: 'secrets:write' },
  ...items,
]

/** Why the page at an address is not for whoever is signed in; nothing where it is, or there is none. */
export function useBar(location: string): Bar | undefined {
  const rights = useRights()
  const seesEnvironments = useSeesEnvironments()
  const found = places.find(({ path }) => location === path || (path !== '/' && location.startsWith(`${path}/`)))
  if (found === undefined || isFor(found, rights, seesEnvironments)) return undefined
  return { label: found.label, deed: deeds[found.right ?? ''] ?? 'see this page' }
}

/** The pages that whoever is signed in may see. */
export function useNavigation(): readonly NavigationItem[] {
  const rights = useRights()
  const { data: environments = [] } = useEnvironments()
  // One alone is nothing to look at, but for whoever may make another.
  const hasChoice = environments.length > 1 || rights.has('account:manage')
  return items.filter((item) => isFor(item, rights, hasChoice))
}

function isFor({ right }: Pick<NavigationItem, 'right'>, rights: Rights, seesEnvironments: boolean): boolean {
  if (right === seeing) return seesEnvironments
  return right === undefined || rights.has(right)
}
